"""How providers say that a filter stopped a request or an answer, by their documented codes (docs/targets.md: a table).

A block is no refusal (the model's own), no error (ours or theirs), and no empty or truncated answer: whatever is not
listed here as a block is not taken for one.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

BLOCK_CODES = frozenset(
    {
        # OpenAI: https://platform.openai.com/docs/guides/error-codes and the SDK's `ResponseError.code`;
        # `invalid_prompt` is how its reasoning models are guarded.
        "content_policy_violation",
        "invalid_prompt",
        "bio_policy",
        "misalignment_policy_violation",
        "image_content_policy_violation",
        # Azure: https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter
        "content_filter",
        "ResponsibleAIPolicyViolation",
        # Alibaba: https://www.alibabacloud.com/help/en/model-studio/error-code
        "data_inspection_failed",
        "DataInspectionFailed",
    }
)
"""Codes of an error by which a filter says that it stopped the request."""

FILTER_REASONS = frozenset(
    {
        "content_filter",  # OpenAI, Azure, and what gateways make of the others
        # Gemini, through gateways that pass its own reason on:
        # https://ai.google.dev/api/generate-content#FinishReason
        "safety",
        "recitation",
        "blocklist",
        "prohibited_content",
        "spii",
        "image_safety",
        "guardrail_intervened",  # Bedrock: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
        "sensitive",  # Zhipu: https://docs.z.ai/api-reference/llm/chat-completion
    }
)
"""Reasons, in lower case, for which an answer ended that a filter stopped."""

BROKEN_REASONS = frozenset(
    {
        "error",  # OpenRouter, Mistral: the model behind it failed
        "abort",  # vLLM: the server gave the request up
        "insufficient_system_resource",  # DeepSeek
        "malformed_function_call",  # Gemini
    }
)
"""Reasons, in lower case, for which an answer is none: the provider failed on the way."""

CUT_REASONS = frozenset({"length", "max_tokens", "model_length"})
"""Reasons for which an answer that reached its limit of tokens ended; `model_length` is Mistral's."""

_ANTHROPIC_FILTER = "blocked by content filtering policy"
"""How Anthropic's HTTP 400 says that the output's filter stopped the answer; there is no code for it.

Source:
    https://docs.anthropic.com/en/docs/test-and-evaluate/strengthen-guardrails/handle-streaming-refusals
"""


def is_block(status: int, error: Any) -> bool:
    """Whether an error of this HTTP status says that a filter stopped the request.

    Args:
        status: HTTP status.
        error: The answer's body, or what stands in it under `error`.
    """
    if isinstance(error, Mapping) and isinstance(error.get("error"), Mapping):
        error = error["error"]
    if not isinstance(error, Mapping):
        return False
    inner = error.get("innererror") or error.get("inner_error")
    codes = (error.get("code"), inner.get("code") if isinstance(inner, Mapping) else None)
    named = {code for code in codes if isinstance(code, str)}
    if status == HTTPStatus.BAD_REQUEST:
        return bool(named & BLOCK_CODES) or _ANTHROPIC_FILTER in str(error.get("message", ""))
    if status == HTTPStatus.FORBIDDEN:
        # OpenRouter's moderation, https://openrouter.ai/docs/api/reference/errors-and-debugging; any other 403 is a key
        # without the right.
        metadata = error.get("metadata")
        is_flagged = isinstance(metadata, Mapping) and ("flagged_input" in metadata or "reasons" in metadata)
        return is_flagged or bool(named & BLOCK_CODES)
    return False
