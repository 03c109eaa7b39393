"""A filter's block, told from a refusal, an error, an empty and a truncated answer: each provider's documented form."""

import json

import pytest

from astral.domain.records import Ending
from astral.providers.endings import is_block
from astral.providers.openai_content import read_completion
from astral.providers.openai_responses import read_response

AZURE = {
    "error": {
        "message": "The response was filtered …",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"violence": {"filtered": True, "severity": "medium"}},
        },
    }
}
OPENROUTER = {"error": {"code": 403, "message": "flagged", "metadata": {"reasons": ["x"], "flagged_input": "…"}}}
ANTHROPIC = {"type": "error", "error": {"message": "Output blocked by content filtering policy"}}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(400, AZURE, True, id="azure"),
        pytest.param(
            400, {"error": {"code": None, "inner_error": AZURE["error"]["innererror"]}}, True, id="azure-inner"
        ),
        pytest.param(400, {"code": "content_policy_violation"}, True, id="openai, as its SDK unwraps it"),
        pytest.param(400, {"error": {"code": "invalid_prompt"}}, True, id="openai-reasoning"),
        pytest.param(400, ANTHROPIC, True, id="anthropic"),
        pytest.param(403, OPENROUTER, True, id="openrouter-moderation"),
        pytest.param(400, {"error": {"code": "DataInspectionFailed"}}, True, id="alibaba"),
        pytest.param(403, {"error": {"code": 403, "message": "key without the right"}}, False, id="openrouter-key"),
        pytest.param(400, {"error": {"code": "context_length_exceeded"}}, False, id="too-long"),
        pytest.param(500, AZURE, False, id="a server's failure whatever it says"),
        pytest.param(400, "content_filter", False, id="no object"),
        pytest.param(400, {"error": {"code": ["content_filter"]}}, False, id="no code"),
        pytest.param(400, None, False, id="nothing"),
    ],
)
def test_an_error_that_is_a_block(status, body, expected):
    assert is_block(status, body) is expected


def completion(reason, *, content="Hel", refusal=None, native=None):
    message = {"role": "assistant", "content": content, "refusal": refusal}
    choice = {"index": 0, "message": message, "finish_reason": reason, "native_finish_reason": native}
    return json.dumps({"choices": [choice], "prompt_filter_results": [{"prompt_index": 0}]}).encode()


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        pytest.param(completion("content_filter", content=None), Ending.BLOCKED, id="openai, azure"),
        pytest.param(completion("SAFETY", content=None), Ending.BLOCKED, id="gemini"),
        pytest.param(
            completion("stop", content="", native="PROHIBITED_CONTENT"), Ending.BLOCKED, id="gemini-openrouter"
        ),
        pytest.param(completion("guardrail_intervened"), Ending.BLOCKED, id="bedrock"),
        pytest.param(completion("sensitive", content=""), Ending.BLOCKED, id="zhipu"),
        pytest.param(completion("stop", content=None, refusal="No."), Ending.REFUSED, id="openai-refusal"),
        pytest.param(completion("stop", content=None), Ending.EMPTY, id="empty"),
        pytest.param(completion("length"), Ending.TRUNCATED, id="vllm, llama.cpp"),
        pytest.param(completion("model_length"), Ending.TRUNCATED, id="mistral"),
        pytest.param(completion("stop", native="STOP"), Ending.ANSWERED, id="answered"),
    ],
)
def test_an_answer_that_ended(body, ending):
    assert read_completion(body, asked="m").ending is ending


@pytest.mark.parametrize("reason", ["error", "abort", "insufficient_system_resource"])
def test_an_answer_on_which_the_provider_broke_off_is_none(reason):
    with pytest.raises(ValueError, match="broke off"):
        read_completion(completion(reason, content="half an ans"), asked="m")


def response(status="completed", *, code=None, reason=None, text="Hel", refusal=""):
    part = {"type": "refusal", "refusal": refusal} if refusal else {"type": "output_text", "text": text}
    return json.dumps(
        {
            "status": status,
            "error": {"code": code, "message": "…"} if code else None,
            "incomplete_details": {"reason": reason} if reason else None,
            "output": [{"type": "reasoning", "summary": []}, {"type": "message", "content": [part]}],
        }
    ).encode()


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        (response(), Ending.ANSWERED),
        (response(text=""), Ending.EMPTY),
        (response(refusal="No."), Ending.REFUSED),
        (response("incomplete", reason="max_output_tokens"), Ending.TRUNCATED),
        (response("incomplete", reason="content_filter"), Ending.BLOCKED),
        (response("failed", code="bio_policy"), Ending.BLOCKED),
    ],
)
def test_a_response_that_ended(body, ending):
    assert read_response(body, asked="m").ending is ending


@pytest.mark.parametrize("body", [response("failed", code="server_error"), response("in_progress"), b'{"status": 1}'])
def test_a_response_that_did_not_end_is_none(body):
    with pytest.raises(ValueError):  # noqa: PT011 - what it says is told to nobody but the retries
        read_response(body, asked="m")
