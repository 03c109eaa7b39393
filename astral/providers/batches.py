"""Batch interfaces by the name of the model."""

from typing import Final

from astral.config import EndpointSettings, Environment
from astral.domain.batch import BatchEndpoint
from astral.domain.chat import ModelRole
from astral.errors import UserError
from astral.providers.models import address_of, offline_arguments, open_model

BATCH_VENDORS: Final = ("openai", "anthropic", "vllm-offline")


def open_batches(
    spec: str,
    *,
    role: ModelRole,
    endpoint: EndpointSettings,
    base_url: str | None,
    environment: Environment,
    poll_seconds: float,
    replicas: int = 1,
) -> BatchEndpoint:
    """The batch interface of a model.

    Args:
        spec: `VENDOR:NAME` or `VENDOR/NAME`, of a vendor in `BATCH_VENDORS`.
        role: What the model is for; named in error texts.
        endpoint: How it is reached.
        base_url: Goes over the endpoint's.
        environment: Where the keys come from.
        poll_seconds: Longest time between two looks at a batch.
        replicas: Of vLLM's offline engine.

    Raises:
        UserError: The vendor takes no batches, or the name or the key is missing.
    """
    vendor, _, name = spec.partition(":" if ":" in spec else "/")
    if vendor == "vllm-offline":
        from astral.providers.vllm_batch import VllmBatches

        return VllmBatches(name, replicas=replicas, **offline_arguments(endpoint))
    from astral.providers.anthropic_batch import AnthropicBatches
    from astral.providers.anthropic_chat import AnthropicChat
    from astral.providers.openai_batch import OpenAIBatches
    from astral.providers.openai_chat import OpenAIChat

    chat = open_model(spec, role=role, endpoint=endpoint, base_url=base_url, concurrency=1, environment=environment)
    url, key = address_of(vendor, name, role, base_url or endpoint.base_url, environment)
    if isinstance(chat, OpenAIChat):
        return OpenAIBatches(chat, base_url=url, key=key)
    if isinstance(chat, AnthropicChat):
        return AnthropicBatches(chat, base_url=url, key=key, poll_seconds=poll_seconds)
    raise UserError(f"{role.value} {spec!r} takes no batches; {', '.join(BATCH_VENDORS)} do.")
