"""Models behind OpenAI's two protocols: OpenAI itself, Azure, vLLM, and every server that speaks one of them."""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2
import openai

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Ending
from astral.providers.endings import is_block
from astral.providers.http_client import http_client
from astral.providers.http_errors import connection_error, malformed_answer, status_error
from astral.providers.openai_content import completion_body, read_completion
from astral.providers.openai_responses import read_response, response_body
from astral.providers.rate_headers import with_rates


class OpenAIChat:
    """One model of an endpoint; each call is one HTTP request, never repeated here."""

    def __init__(
        self,
        name: str,
        model: str,
        *,
        base_url: str,
        key: str,
        concurrency: int,
        timeout_seconds: float = 120.0,
        api: Literal["chat", "responses"] = "chat",
        azure_version: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        """Set the endpoint up.

        Args:
            name: Of the model, for records and errors.
            model: As the endpoint names it; on Azure, the deployment.
            base_url: Address of the API; on Azure, of the resource.
            key: Empty for servers that want none.
            concurrency: The most calls that are in flight at a time.
            timeout_seconds: How long an answer is waited for.
            api: Which of the protocols is spoken.
            azure_version: Of Azure's API, such as 2024-10-21, or v1; None for everybody else.
            parameters: What is sent beside.
        """
        self.name = name
        self._model, self._key, self._timeout_seconds = model, key, timeout_seconds
        self._is_openai = bool(azure_version) or (urlsplit(base_url).hostname or "") == "api.openai.com"
        self._api, self._parameters = api, dict(parameters or {})
        self._variable = "AZURE_OPENAI_API_KEY" if azure_version else "OPENAI_API_KEY"
        self._http = http_client(concurrency, timeout_seconds)
        self._client = _client(base_url, key, azure_version, http=self._http, timeout_seconds=timeout_seconds)

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            ProviderError: No answer came.
            UserError: The key or the model's name is wrong.
        """
        try:
            if self._api == "responses":
                body = response_body(request, model=self._model)
                answer = await self._client.responses.with_raw_response.create(**body, extra_body=self._parameters)
                return with_rates(read_response(answer.content, asked=self._model), answer.headers)
            body = completion_body(request, model=self._model, is_openai=self._is_openai)
            answer = await self._client.chat.completions.with_raw_response.create(**body, extra_body=self._parameters)
            return with_rates(read_completion(answer.content, asked=self._model), answer.headers)
        except openai.APIStatusError as error:
            if is_block(error.status_code, error.body):
                return ChatReply(text="", ending=Ending.BLOCKED, model=self._model)
            raise status_error(
                error.status_code,
                error.message,
                error.response.headers,
                model=self.name,
                key=self._key,
                variable=self._variable,
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


def _client(
    base_url: str, key: str, azure_version: str | None, *, http: httpx2.AsyncClient, timeout_seconds: float
) -> openai.AsyncOpenAI:
    # The SDK insists on a key; servers on this machine take any.
    told: dict[str, Any] = {
        "api_key": key or "none",
        "max_retries": 0,
        "timeout": timeout_seconds,
        "http_client": http,
    }
    if azure_version is None:
        return openai.AsyncOpenAI(base_url=base_url, **told)
    resource = base_url.rstrip("/").removesuffix("/openai/v1").removesuffix("/openai")
    if azure_version == "v1":
        # https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
        return openai.AsyncOpenAI(base_url=f"{resource}/openai/v1", **told)
    return openai.AsyncAzureOpenAI(azure_endpoint=resource, api_version=azure_version, **told)
