"""Models behind OpenAI's Chat Completions protocol: OpenAI itself, vLLM, and every server that speaks it."""

from urllib.parse import urlsplit

import httpx2
import openai

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Ending
from astral.providers.endings import is_block
from astral.providers.http_client import http_client
from astral.providers.http_errors import connection_error, malformed_answer, status_error
from astral.providers.openai_content import completion_body, read_completion


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
            body = completion_body(request, model=self._model, is_openai=self._is_openai)
            answer = await self._client.chat.completions.with_raw_response.create(**body)
            return read_completion(answer.content, asked=self._model)
        except openai.APIStatusError as error:
            if is_block(error.status_code, error.body):
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
