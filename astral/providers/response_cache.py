"""Answers that are kept from run to run, by the hash of what was asked; opt-in, by role."""

import asyncio
import os
import sqlite3
from pathlib import Path

from astral.domain.base import content_id
from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import ChatModel
from astral.domain.records import Usage
from astral.errors import RecordError


class CachedModel:
    """A chat model that is asked once ever: the same request, seed included, has the answer of the first time.

    An answer from the cache cost nothing, and its usage says so. Several processes may share the file.
    """

    def __init__(self, model: ChatModel, path: Path, *, identity: str) -> None:
        """Open the cache, or make it.

        Args:
            model: Is asked what the cache does not hold.
            path: The file.
            identity: Hash of what else an answer depends on: address and parameters of the endpoint.

        Raises:
            RecordError: The file cannot be opened, or is no cache.
        """
        self.name = model.name
        self._model, self._path, self._identity = model, path, identity
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # What is in it is nobody else's business.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._file = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=NORMAL")
            self._file.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply TEXT) WITHOUT ROWID")
        except (OSError, sqlite3.Error) as error:
            raise self._error(error) from error

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer from the cache, else from the model.

        Raises:
            ProviderError: No answer came.
            RecordError: The file cannot be read or written.
        """
        key = content_id(self.name, self._identity, request)
        if known := await asyncio.to_thread(self._read, key):
            return ChatReply.model_validate_json(known).model_copy(update={"usage": Usage()})
        reply = await self._model.chat(request)
        await asyncio.to_thread(self._write, key, reply.model_dump_json())
        return reply

    async def close(self) -> None:
        """Close the file and the model."""
        self._file.close()
        await self._model.close()

    def _read(self, key: str) -> str | None:
        try:
            row = self._file.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise self._error(error) from error
        return row[0] if row else None

    def _write(self, key: str, reply: str) -> None:
        try:
            self._file.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (key, reply))
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> RecordError:
        return RecordError(
            f"{self._path}: the cache of answers cannot be used: {error}. It can be deleted at any time."
        )
