"""Batch interfaces by the name of the model."""

from typing import Final

from astral.config import EndpointSettings, Environment
from astral.domain.batch import BatchEndpoint
from astral.domain.chat import ModelRole
from astral.errors import UserError
from astral.providers.models import address_of, open_model

BATCH_VENDORS: Final = ("openai", "anthropic")


def open_batches(
    spec: str,
    *,
    role: ModelRole,
    endpoint: EndpointSettings,
    base_url: str | None,
    environment: Environment,
    poll_seconds: float,
) -> BatchEndpoint:
    """The batch interface of a model.

    Args:
        spec: `VENDOR:NAME` or `VENDOR/NAME`, of a vendor in `BATCH_VENDORS`.
        role: What the model is for; named in error texts.
        endpoint: How it is reached.
        base_url: Goes over the endpoint's.
        environment: Where the keys come from.
        poll_seconds: Longest time between two looks at a batch.

    Raises:
        UserError: The vendor takes no batches, or the name or the key is missing.
    """
    from astral.providers.anthropic_batch import AnthropicBatches
    from astral.providers.anthropic_chat import AnthropicChat
    from astral.providers.openai_batch import OpenAIBatches
    from astral.providers.openai_chat import OpenAIChat

    vendor, _, name = spec.partition(":" if ":" in spec else "/")
    chat = open_model(spec, role=role, endpoint=endpoint, base_url=base_url, concurrency=1, environment=environment)
    url, key = address_of(vendor, name, role, base_url or endpoint.base_url, environment)
    if isinstance(chat, OpenAIChat):
        return OpenAIBatches(chat, base_url=url, key=key)
    if isinstance(chat, AnthropicChat):
        return AnthropicBatches(chat, base_url=url, key=key, poll_seconds=poll_seconds)
    raise UserError(f"{role.value} {spec!r} takes no batches; {' and '.join(BATCH_VENDORS)} do.")
