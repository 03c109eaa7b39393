"""OpenAI's moderation endpoint as a model: its answer is the result, as JSON, for whoever reads guards.

Source:
    https://developers.openai.com/api/docs/guides/moderation; it costs nothing.
"""

from typing import Any

from pydantic import BaseModel, Field

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Ending, Usage
from astral.providers.http_errors import malformed_answer, status_error
from astral.providers.json_endpoint import JsonEndpoint

_TOKEN_BYTES = 4


class _Result(BaseModel):
    flagged: bool
    category_scores: dict[str, float] = {}


class _Answer(BaseModel):
    results: list[_Result] = Field(min_length=1)
    model: str | None = None


class Moderation:
    """Looks at the last message of a request."""

    def __init__(self, name: str, model: str, *, base_url: str, key: str, concurrency: int) -> None:
        """Set the endpoint up.

        Args:
            name: Of the model, for records and errors.
            model: As the endpoint names it.
            base_url: Address of the API.
            key: Empty for servers that want none.
            concurrency: The most calls that are in flight at a time.
        """
        self.name = name
        self._model, self._key = model, key
        self._endpoint = JsonEndpoint(
            f"{base_url.rstrip('/')}/moderations",
            headers={"authorization": f"Bearer {key or 'none'}"},
            concurrency=concurrency,
            timeout_seconds=60.0,
            name=name,
            key=key,
        )

    async def chat(self, request: ChatRequest) -> ChatReply:
        """The result, as JSON.

        Raises:
            ProviderError: No answer came.
            UserError: The key or the model's name is wrong.
        """
        text = request.messages[-1].content
        body: dict[str, Any] = {"model": self._model, "input": text}
        answer = await self._endpoint.post(body)
        if answer.is_error:
            raise status_error(answer, model=self.name, key=self._key, variable="OPENAI_API_KEY")
        try:
            read = _Answer.model_validate_json(answer.content)
        except ValueError as error:
            raise malformed_answer(error, model=self.name, key=self._key) from None
        # The endpoint reports no tokens.
        tokens = len(text.encode(errors="replace")) // _TOKEN_BYTES + 1
        return ChatReply(
            text=read.results[0].model_dump_json(),
            ending=Ending.ANSWERED,
            model=read.model or self._model,
            usage=Usage(prompt_tokens=tokens, completion_tokens=1),
        )

    async def close(self) -> None:
        """Give connections back."""
        await self._endpoint.close()
