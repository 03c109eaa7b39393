"""Anthropic's Message Batches: many requests in one call, answered within 24 hours at half the price.

Source:
    https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import anthropic
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse
from anthropic.types.messages.batch_create_params import Request

from astral.domain.batch import Batch, BatchProgress, RowResults
from astral.domain.chat import ChatReply, ChatRequest
from astral.errors import ProviderError, Trouble
from astral.providers.anthropic_chat import AnthropicChat
from astral.providers.batch_rows import TIMEOUT_SECONDS, expired, row_result, sdk_error
from astral.providers.http_answer import Answer
from astral.providers.http_client import http_client

_SKEW = timedelta(hours=1)
"""How far the provider's clock may be behind ours."""
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The HTTP status of each type of error: https://platform.claude.com/docs/en/api/errors"""


class AnthropicBatches:
    """Batches of one model; each method sends each of its requests once."""

    is_lasting = True

    def __init__(self, chat: AnthropicChat, *, base_url: str, key: str, poll_seconds: float) -> None:
        """Set the endpoint up.

        Args:
            chat: The model, which says how a request and an answer read.
            base_url: Address of the API.
            key: Empty for servers that want none.
            poll_seconds: The time between two looks at a batch that may be ours.
        """
        self.name = chat.name
        self._chat, self._key, self._poll_seconds = chat, key, poll_seconds
        # A request that is sent again by the SDK could make a second batch.
        self._client = anthropic.AsyncAnthropic(
            api_key=key or "none", base_url=base_url, max_retries=0, http_client=http_client(2, TIMEOUT_SECONDS)
        )

    async def submit(self, mark: str, rows: Sequence[tuple[str, ChatRequest]]) -> str:
        """Make a batch; there is no place in it for our mark."""
        requests = [cast("Request", {"custom_id": key, "params": self._chat.body(request)}) for key, request in rows]
        try:
            return (await self._client.messages.batches.create(requests=requests)).id
        except anthropic.APIError as error:
            raise sdk_error(error, self._chat, self._key) from None

    async def find(self, batch: Batch) -> str | None:
        """The batch with our calls, among those of as many calls that were made since.

        Which calls are in a batch is told only when it is over: such a one is waited for.
        """
        try:
            async for each in self._client.messages.batches.list(limit=100):
                if each.created_at < batch.created - _SKEW:
                    break
                if _size(each) == len(batch.rows) and await self._is(each, batch):
                    return each.id
        except anthropic.APIError as error:
            raise sdk_error(error, self._chat, self._key) from None
        return None

    async def look(self, batch_id: str) -> BatchProgress:
        """How far a batch is; one that the provider does not know any more is over."""
        try:
            batch = await self._client.messages.batches.retrieve(batch_id)
        except anthropic.NotFoundError:
            return BatchProgress(is_over=True, done=0, total=0)
        except anthropic.APIError as error:
            raise sdk_error(error, self._chat, self._key) from None
        total = _size(batch)
        return BatchProgress(
            is_over=batch.processing_status == "ended", done=total - batch.request_counts.processing, total=total
        )

    async def results(self, batch_id: str) -> RowResults:
        """The rows; none where the provider has thrown them away, which it does after 29 days."""
        found: dict[str, ChatReply | ProviderError] = {}
        try:
            if (await self._client.messages.batches.retrieve(batch_id)).results_url is None:
                return found
            async for row in await self._client.messages.batches.results(batch_id):
                found[row.custom_id] = row_result(lambda row=row: self._reply(row), self._chat, self._key)
        except anthropic.NotFoundError:
            return found
        except anthropic.APIError as error:
            raise sdk_error(error, self._chat, self._key) from None
        except ValueError as error:
            raise ProviderError(
                f"{self.name}: the results of batch {batch_id} are malformed", retryable=True, trouble=Trouble.MALFORMED
            ) from error
        return found

    async def close(self) -> None:
        """Give connections back."""
        await self._client.close()
        await self._chat.close()

    async def _is(self, found: MessageBatch, batch: Batch) -> bool:
        while found.processing_status != "ended":
            await asyncio.sleep(self._poll_seconds)
            found = await self._client.messages.batches.retrieve(found.id)
        if found.results_url is None:
            return False
        async for row in await self._client.messages.batches.results(found.id):
            return row.custom_id in batch.rows
        return False

    def _reply(self, row: MessageBatchIndividualResponse) -> ChatReply:
        told: dict[str, Any] = row.result.to_dict(mode="json")
        if told["type"] == "succeeded":
            return self._chat.reply(Answer(200, {}, json.dumps(told["message"]).encode()))
        if told["type"] == "errored":
            kind = (told["error"].get("error") or {}).get("type", "")
            return self._chat.reply(Answer(_STATUS.get(kind, 500), {}, json.dumps(told["error"]).encode()))
        raise expired(self._chat)


def _size(batch: MessageBatch) -> int:
    counts = batch.request_counts
    return counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
