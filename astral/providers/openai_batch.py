"""OpenAI's batch interface: a file of requests, answered within 24 hours at half the price.

Source:
    https://developers.openai.com/api/docs/guides/batch
"""

import json
from collections.abc import Sequence
from typing import Any, Literal

import openai

from astral.domain.batch import Batch, BatchProgress, RowResults
from astral.domain.chat import ChatReply, ChatRequest
from astral.errors import ProviderError, Trouble
from astral.providers.batch_rows import TIMEOUT_SECONDS, expired, row_result, sdk_error
from astral.providers.http_answer import Answer
from astral.providers.http_client import http_client
from astral.providers.openai_chat import OpenAIChat

_MARK = "astral"
"""Key in a batch's metadata under which its mark stands."""
_OVER = {"completed", "failed", "expired", "cancelled"}
_EXPIRED = "batch_expired"
_SKEW_SECONDS = 3600
"""How far the provider's clock may be behind ours."""


class OpenAIBatches:
    """Batches of one model; each method sends each of its requests once."""

    is_lasting = True

    def __init__(self, chat: OpenAIChat, *, base_url: str, key: str) -> None:
        """Set the endpoint up.

        Args:
            chat: The model, which says how a request and an answer read.
            base_url: Address of the API.
            key: Empty for servers that want none.
        """
        self.name = chat.name
        self._chat, self._key = chat, key
        # A request that is sent again by the SDK could make a second batch.
        self._client = openai.AsyncOpenAI(
            api_key=key or "none", base_url=base_url, max_retries=0, http_client=http_client(2, TIMEOUT_SECONDS)
        )

    async def submit(self, mark: str, rows: Sequence[tuple[str, ChatRequest]]) -> str:
        """Upload the requests, and make a batch of them."""
        address: Literal["/v1/responses", "/v1/chat/completions"] = (
            "/v1/responses" if self._chat.api == "responses" else "/v1/chat/completions"
        )
        lines = (
            {"custom_id": key, "method": "POST", "url": address, "body": self._chat.body(request)}
            for key, request in rows
        )
        content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        try:
            file = await self._client.files.create(file=(f"{mark}.jsonl", content), purpose="batch")
            batch = await self._client.batches.create(
                input_file_id=file.id, endpoint=address, completion_window="24h", metadata={_MARK: mark}
            )
        except openai.APIError as error:
            raise sdk_error(error, self._chat, self._key) from None
        return batch.id

    async def find(self, batch: Batch) -> str | None:
        """The batch that carries our mark, among those that were made since."""
        earliest = batch.created.timestamp() - _SKEW_SECONDS
        try:
            async for each in self._client.batches.list(limit=100):
                if (each.metadata or {}).get(_MARK) == batch.mark:
                    return each.id
                if each.created_at < earliest:
                    break
        except openai.APIError as error:
            raise sdk_error(error, self._chat, self._key) from None
        return None

    async def look(self, batch_id: str) -> BatchProgress:
        """How far a batch is; one that the provider does not know any more is over."""
        try:
            batch = await self._client.batches.retrieve(batch_id)
        except openai.NotFoundError:
            return BatchProgress(is_over=True, done=0, total=0)
        except openai.APIError as error:
            raise sdk_error(error, self._chat, self._key) from None
        counts = batch.request_counts
        return BatchProgress(
            is_over=batch.status in _OVER,
            done=counts.completed + counts.failed if counts else 0,
            total=counts.total if counts else 0,
        )

    async def results(self, batch_id: str) -> RowResults:
        """The rows of the files of answers and of errors; none of a batch that was refused as a whole."""
        found: dict[str, ChatReply | ProviderError] = {}
        try:
            batch = await self._client.batches.retrieve(batch_id)
            if batch.status == "failed":
                said = "; ".join(
                    error.message or error.code or "" for error in (batch.errors and batch.errors.data) or ()
                )
                raise ProviderError(
                    f"{self.name}: the batch was refused: {said[:300]}", is_unbilled=True, trouble=Trouble.REFUSED
                )
            for file_id in filter(None, (batch.output_file_id, batch.error_file_id)):
                content = await self._client.files.content(file_id)
                for line in content.content.splitlines():
                    self._read(line, found)
        except openai.NotFoundError:
            return found
        except openai.APIError as error:
            raise sdk_error(error, self._chat, self._key) from None
        return found

    async def close(self) -> None:
        """Give connections back."""
        await self._client.close()
        await self._chat.close()

    def _read(self, line: bytes, found: dict[str, ChatReply | ProviderError]) -> None:
        try:
            row: Any = json.loads(line)
            key = row["custom_id"]
        except (ValueError, KeyError, TypeError):
            return  # its call is missing then, and fails
        found[key] = row_result(lambda: self._reply(row), self._chat, self._key)

    def _reply(self, row: dict[str, Any]) -> ChatReply:
        response, error = row.get("response"), row.get("error")
        if response:
            return self._chat.reply(Answer(response["status_code"], {}, json.dumps(response["body"]).encode()))
        if error and error.get("code") == _EXPIRED:
            raise expired(self._chat)
        raise ProviderError(
            f"{self.name}: {(error or {}).get('message') or 'the call failed in its batch'}"[:300],
            is_unbilled=True,
            trouble=Trouble.REFUSED,
        )
