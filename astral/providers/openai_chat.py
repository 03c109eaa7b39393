"""Models behind OpenAI's two protocols: OpenAI itself, Azure, vLLM, and every server that speaks one of them."""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from astral.domain.chat import ChatReply, ChatRequest
from astral.errors import ProviderError, UserError
from astral.providers.http_answer import Answer
from astral.providers.http_errors import status_error
from astral.providers.json_endpoint import JsonEndpoint
from astral.providers.openai_content import completion_body, read_completion
from astral.providers.openai_responses import read_response, response_body
from astral.providers.replies import reply_of


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
        is_streamed: bool = False,
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
            is_streamed: Have answers sent piece by piece.
        """
        self.name = name
        self._model, self._key = model, key
        self._is_openai = bool(azure_version) or (urlsplit(base_url).hostname or "") == "api.openai.com"
        self.api, self._parameters = api, dict(parameters or {})
        self._variable = "AZURE_OPENAI_API_KEY" if azure_version else "OPENAI_API_KEY"
        is_dated = azure_version not in {None, "v1"}
        self._endpoint = JsonEndpoint(
            _address(base_url, api, azure_version, model=model),
            # Servers on this machine take any key, and some insist on one.
            headers={"api-key": key} if is_dated else {"authorization": f"Bearer {key or 'none'}"},
            concurrency=concurrency,
            timeout_seconds=timeout_seconds,
            name=name,
            key=key,
            is_streamed=is_streamed,
        )
        # Only Chat Completions has to be asked for the usage.
        wanted = {"stream_options": {"include_usage": True}} if api == "chat" else {}
        self._stream: dict[str, Any] = {"stream": True, **wanted} if is_streamed else {}

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            ProviderError: No answer came.
            UserError: The key or the model's name is wrong.
        """
        return self.reply(await self._endpoint.post({**self.body(request), **self._stream}))

    def body(self, request: ChatRequest) -> dict[str, Any]:
        """What is sent for a request."""
        if self.api == "responses":
            body = response_body(request, model=self._model)
        else:
            body = completion_body(request, model=self._model, is_openai=self._is_openai)
        return {**body, **self._parameters}

    def reply(self, answer: Answer) -> ChatReply:
        """What an answer says.

        Raises:
            ProviderError: It is none.
            UserError: The key or the model's name is wrong.
        """
        read = read_response if self.api == "responses" else read_completion
        return reply_of(answer, read, self.error, asked=self._model, name=self.name, key=self._key)

    def error(self, answer: Answer) -> ProviderError | UserError:
        """What an answer means that is none; see `status_error`."""
        return status_error(answer, model=self.name, key=self._key, variable=self._variable)

    async def close(self) -> None:
        """Give connections back."""
        await self._endpoint.close()


def _address(base_url: str, api: str, azure_version: str | None, *, model: str) -> str:
    """Where a protocol is spoken.

    Source:
        https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
    """
    path = "responses" if api == "responses" else "chat/completions"
    if azure_version is None:
        return f"{base_url.rstrip('/')}/{path}"
    resource = base_url.rstrip("/").removesuffix("/openai/v1").removesuffix("/openai")
    if azure_version == "v1":
        return f"{resource}/openai/v1/{path}"
    # Only here the deployment stands in the address.
    place = path if api == "responses" else f"deployments/{quote(model, safe='')}/{path}"
    return f"{resource}/openai/{place}?api-version={quote(azure_version)}"
