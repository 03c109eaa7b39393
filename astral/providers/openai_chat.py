"""Models behind OpenAI's Chat Completions protocol: OpenAI itself, vLLM, and every server that speaks it."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from pydantic import BaseModel, Field
from pydantic_core import to_jsonable_python

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Ending, Usage
from astral.providers.http_client import http_client
from astral.providers.http_errors import connection_error, malformed_answer, status_error

BLOCK_CODES = frozenset({"content_filter", "content_policy_violation", "invalid_prompt"})
"""Codes of HTTP 400 by which a filter says that it stopped the request.

Source:
    Azure (`content_filter`): https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter;
    OpenAI (`content_policy_violation`; `invalid_prompt` for its reasoning models):
    https://platform.openai.com/docs/guides/error-codes
"""


class OpenAIChat:
    """One model of an endpoint; each call is one HTTP request, never repeated here."""

    def __init__(
        self, name: str, model: str, *, base_url: str, key: str, concurrency: int, timeout_seconds: float = 120.0
    ) -> None:
        self.name = name
        self._model, self._key, self._timeout_seconds = model, key, timeout_seconds
        host = urlsplit(base_url).hostname or ""
        self._is_openai = host == "api.openai.com" or host.endswith(".openai.azure.com")
        self._http = http_client(concurrency, timeout_seconds)
        self._client = openai.AsyncOpenAI(
            # The SDK insists on a key; servers on this machine take any.
            api_key=key or "none",
            base_url=base_url,
            max_retries=0,
            timeout=timeout_seconds,
            http_client=self._http,
        )

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            ProviderError: No answer came.
            UserError: The key or the model's name is wrong.
        """
        try:
            answer = await self._client.chat.completions.with_raw_response.create(**self._body(request))
            return read_completion(answer.content, asked=self._model)
        except openai.APIStatusError as error:
            if error.status_code == HTTPStatus.BAD_REQUEST and error.code in BLOCK_CODES:
                return ChatReply(text="", ending=Ending.BLOCKED, model=self._model)
            raise status_error(
                error.status_code,
                error.message,
                error.response.headers,
                model=self.name,
                key=self._key,
                variable="OPENAI_API_KEY",
                code=error.code or "",
            ) from None
        except openai.APIConnectionError as error:
            raise connection_error(
                error, model=self.name, key=self._key, timeout_seconds=self._timeout_seconds
            ) from None
        except (openai.OpenAIError, ValueError, httpx2.HTTPError) as error:
            raise malformed_answer(error, model=self.name, key=self._key) from None

    async def close(self) -> None:
        """Give connections back."""
        await self._client.close()

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [message.model_dump() for message in request.messages],
            # OpenAI's reasoning models take only the new name, other servers often only the old one.
            "max_completion_tokens" if self._is_openai else "max_tokens": request.max_tokens,
        }
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.seed is not None:
            body["seed"] = request.seed
        if request.json_schema is not None:
            schema = to_jsonable_python(request.json_schema)
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
        return body


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class _Completion(BaseModel):
    """The part of an answer that is read; strict, so that a malformed one is no empty one."""

    choices: list[_Choice] = Field(min_length=1)
    model: str | None = None
    usage: _Usage | None = None


def read_completion(body: bytes, *, asked: str) -> ChatReply:
    """The reply that a Chat Completions answer holds.

    Args:
        body: The answer as it came.
        asked: Name of the model that was asked, for an answer that names none.

    Raises:
        ValueError: The answer is not JSON, or has no choice with a message.
    """
    completion = _Completion.model_validate_json(body)
    choice, usage = completion.choices[0], completion.usage or _Usage()
    text = choice.message.content or choice.message.refusal or ""
    return ChatReply(
        text=text,
        ending=_ending(choice, text),
        model=completion.model or asked,
        usage=Usage(prompt_tokens=usage.prompt_tokens, completion_tokens=usage.completion_tokens),
    )


def _ending(choice: _Choice, text: str) -> Ending:
    if choice.finish_reason == "content_filter":
        return Ending.BLOCKED
    if choice.message.refusal:
        return Ending.REFUSED
    if not text.strip():
        return Ending.EMPTY
    return Ending.TRUNCATED if choice.finish_reason == "length" else Ending.ANSWERED
