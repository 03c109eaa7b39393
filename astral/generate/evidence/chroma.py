"""A folder of chromadb collections: embedded and persistent, telemetry off, one writer at a time."""

import fcntl
import re
import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astral.errors import RecordError

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection


class IndexFolder:
    """Opens collections when they are first used; one thread at a time, and one process at a time that writes.

    A writer holds a file lock beside the folder, since chromadb's PersistentClient does not guard against a second one
    (https://github.com/chroma-core/chroma/issues/6975).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._client: ClientAPI | None = None
        self._guard = threading.RLock()

    @contextmanager
    def client(self) -> "Generator[ClientAPI]":
        """The open client.

        Raises:
            RecordError: The folder cannot be read or written.
        """
        from chromadb.errors import ChromaError

        with self._guard:
            try:
                yield self._opened()
            except (ChromaError, OSError, sqlite3.Error) as error:
                raise RecordError(
                    f"{self._path}: the index cannot be used ({error}). Is the disk full, or the folder read-only? "
                    "The index may be deleted at any time; the next run builds it again."
                ) from error

    @contextmanager
    def writing(self) -> Generator[None]:
        """Be the only process that writes here."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path.with_name(f"{self._path.name}.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)

    def _opened(self) -> "ClientAPI":
        if self._client is None:
            import chromadb
            from chromadb.config import Settings

            with self.writing():
                self._client = chromadb.PersistentClient(
                    path=str(self._path), settings=Settings(anonymized_telemetry=False)
                )
        return self._client


def open_collection(client: "ClientAPI", name: str) -> "Collection":
    """The collection of this name, made where it is missing; vectors are always given, and compared by cosine."""
    return client.get_or_create_collection(
        name,
        # None, and not the default, which would fetch a model at its first use.
        embedding_function=None,
        configuration={"hnsw": {"space": "cosine"}},
    )


def name_part(text: str) -> str:
    """A text as part of a collection's name."""
    return re.sub("[^A-Za-z0-9]+", "-", text).strip("-")


def where(**wanted: str) -> Any:
    """A filter in chromadb's words: each metadata field has the value."""
    each = [{field: value} for field, value in wanted.items()]
    # chromadb wants two conditions at least under $and.
    return {"$and": each} if len(each) > 1 else (each[0] if each else None)
