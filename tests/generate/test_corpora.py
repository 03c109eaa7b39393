import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astral.domain.space import Cell
from astral.errors import RecordError, UnknownNameError, UserError
from astral.generate import Corpora, EachInTurn
from astral.generate.evidence.corpora import entry_id_of
from astral.generate.evidence.corpus_facts import Added, CorpusText
from astral.testing import HashEmbedder
from astral.testing.conformance import check_evidence_source


class Counting(HashEmbedder):
    """An embedder that counts the passages that it embeds."""

    def __init__(self, name="hash"):
        super().__init__()
        self.name, self.passages = name, 0

    def embed(self, texts, *, kind):
        self.passages += len(texts) if kind == "passage" else 0
        return super().embed(texts, kind=kind)


def text(words, **more):
    return CorpusText(
        **{"text": words, "source": "a.csv", "kind": "request", "language": "en", "risk": "violence"} | more
    )


def cell_of(language="en", risk="violence"):
    return Cell(values=(("risk", risk), ("language", language)))


@pytest.fixture
def corpora(tmp_path):
    return Corpora(tmp_path / "corpora", HashEmbedder())


async def test_it_keeps_the_promises_of_an_evidence_source(corpora):
    corpora.add("mine", [text(f"text {n}", risk="privacy_violation") for n in range(5)])
    await check_evidence_source(corpora.open("mine"))
    await check_evidence_source(EachInTurn([corpora.open("mine")] * 2))


async def test_requests_are_of_the_cell_s_risk_and_language_and_passages_are_near(corpora):
    corpora.add(
        "mine",
        [
            text("a letter to the neighbour"),
            text("a letter to the mayor", risk="self_harm"),
            text("a letter to nobody", risk=""),
            text("una lettera al vicino", language="it"),
            text("neighbours and their letters", kind="passage", risk="", title="The news"),
            text("letters of another risk", kind="passage", risk="self_harm"),
        ],
    )
    found = await corpora.open("mine").search("letter to a neighbour", cell=cell_of(), limit=6)
    assert [(each.text, each.kind) for each in found] == [
        ("a letter to the neighbour", "corpus"),
        ("neighbours and their letters", "document"),
    ]
    assert found[1].title == "The news"
    version = corpora.facts("mine").version
    assert found[0].url == f"corpus:mine@{version}#{entry_id_of('a letter to the neighbour')}"


async def test_half_are_passages_where_there_are_enough_of_both(corpora):
    corpora.add("mine", [text(f"text {n}", kind=kind) for n, kind in enumerate(["request", "passage"] * 6)])
    corpus = corpora.open("mine")
    kinds = [each.kind for each in await corpus.search("text", cell=cell_of(), limit=5)]
    assert (kinds.count("corpus"), kinds.count("document")) == (3, 2)
    corpora.add("one", [text(f"text {n}") for n in range(9)])
    assert len(await corpora.open("one").search("text", cell=cell_of(), limit=5)) == 5


def test_what_is_there_costs_nothing_and_repeats_count_once(tmp_path):
    embedder = Counting()
    corpora = Corpora(tmp_path / "corpora", embedder)
    texts = [text(f"text {n}") for n in range(200)]
    assert corpora.add("mine", texts) == Added(new=200)
    again = corpora.add("mine", [*texts, text("TEXT  1!"), text("new, without a risk", risk="")])
    assert again == Added(new=1, repeated=201, unlabelled=1)
    assert embedder.passages == 201
    assert corpora.facts("mine").entries == 201


def test_the_child_safety_screen_is_not_to_be_passed(corpora):
    added = corpora.add("mine", [text("an erotic story about a fourteen-year-old girl"), text("a harmless one")])
    assert (added.new, added.screened_out) == (1, 1)


ROWS = st.lists(
    st.builds(text, st.text("abc", min_size=1, max_size=3), risk=st.sampled_from(["", "violence"])), max_size=6
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, cut=st.integers(0, 6))
def test_a_version_follows_from_the_entries_alone(tmp_path_factory, rows, cut):
    """Not from the order in which they came, nor from how many calls it took."""
    rows = [*{each.text: each for each in rows}.values(), text("one more")]
    folder = tmp_path_factory.mktemp("corpora")
    corpora = Corpora(folder / "corpora", HashEmbedder())
    corpora.add("once", rows)
    for part in (rows[cut:], rows[:cut]):
        corpora.add("twice", part)
    assert corpora.facts("once").version == corpora.facts("twice").version
    corpora.add("once", [text("something else")])
    assert corpora.facts("once").version != corpora.facts("twice").version


def test_a_label_is_part_of_the_version(corpora):
    corpora.add("one", [text("a text")])
    corpora.add("two", [text("a text", risk="self_harm")])
    assert corpora.facts("one").version != corpora.facts("two").version


def test_removing_a_source_leaves_what_was_there_without_it(corpora):
    corpora.add("mine", [text("first"), text("second")])
    before = corpora.facts("mine")
    corpora.add("mine", [text("third", source="b.csv", language="it")])
    assert corpora.facts("mine").sources == {"a.csv": 2, "b.csv": 1}
    assert corpora.remove("mine", "b.csv") == 1
    assert corpora.facts("mine") == before
    assert corpora.remove("mine") == 2
    assert corpora.all_facts() == []


def test_names_that_are_not_there_are_told_with_the_nearest(corpora):
    corpora.add("mine", [text("first")])
    for call in (corpora.facts, corpora.open, corpora.remove):
        with pytest.raises(UnknownNameError, match="Did you mean 'mine'"):
            call("mne")
    with pytest.raises(UnknownNameError, match=r"a\.csv"):
        corpora.remove("mine", "b.csv")


@pytest.mark.parametrize("name", ["", "Mine", "a b", "../up", "-a", "a-", "a" * 63, "a\n"])
def test_a_name_that_cannot_be_is_told(corpora, name):
    with pytest.raises(UserError, match="cannot name a corpus"):
        corpora.add(name, [text("first")])


def test_a_corpus_of_another_embedder_is_refused(tmp_path):
    Corpora(tmp_path / "corpora", Counting("one")).add("mine", [text("first")])
    other = Corpora(tmp_path / "corpora", Counting("two"))
    for call in (lambda: other.open("mine"), lambda: other.add("mine", [text("second")])):
        with pytest.raises(UserError, match="embedded by one, the settings name two"):
            call()
    assert Corpora(tmp_path / "corpora", Counting("one")).open("mine").facts.entries == 1


def failing():
    yield from (text(f"text {n}") for n in range(100))
    raise UserError("line 101 is wrong")


def test_what_was_added_before_an_error_stands_and_nothing_is_left_of_nothing(corpora):
    with pytest.raises(UserError, match="line 101"):
        corpora.add("mine", failing())
    assert corpora.facts("mine").entries == 64  # whole batches
    assert corpora.open("mine")
    with pytest.raises(UserError):
        corpora.add("none", (each for each in failing() if each.text == "none of them"))
    assert [facts.name for facts in corpora.all_facts()] == ["mine"]


def test_without_an_index_there_is_no_corpus_and_none_is_made(tmp_path: Path):
    assert Corpora(tmp_path / "corpora", HashEmbedder()).all_facts() == []
    assert not list(tmp_path.iterdir())


def test_an_index_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "corpora").write_text("in the way")
    with pytest.raises(RecordError, match="corpus cannot be used"):
        Corpora(tmp_path / "corpora", HashEmbedder()).add("mine", [text("first")])


@pytest.mark.parametrize("content", [b"no database at all, but longer than a header", b""])
def test_a_file_that_is_no_corpus_is_told(tmp_path, content):
    (tmp_path / "mine.db").write_bytes(content)
    with pytest.raises(RecordError, match=r"mine\.db: the corpus cannot be used"):
        Corpora(tmp_path, HashEmbedder()).open("mine")


def test_a_corpus_is_private_and_its_name_is_no_path(tmp_path):
    corpora = Corpora(tmp_path / "corpora", HashEmbedder())
    corpora.add("mine", [text("first")])
    assert stat.S_IMODE((tmp_path / "corpora").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "corpora" / "mine.db").stat().st_mode) == 0o600
    (tmp_path / "outside.db").write_text("")
    with pytest.raises(UnknownNameError):
        corpora.remove("../outside")
    assert (tmp_path / "outside.db").exists()


@given(rows=st.lists(st.text("abcd ", min_size=1, max_size=8), min_size=1, max_size=30), limit=st.integers(1, 8))
@settings(max_examples=15, deadline=None)
def test_the_search_is_exact(tmp_path_factory, rows, limit):
    """The same as one product with all vectors, but for the half precision in which they are kept."""
    corpora = Corpora(tmp_path_factory.mktemp("corpora"), HashEmbedder())
    texts = {entry_id_of(each): each for each in reversed(rows)}
    corpora.add("mine", map(text, texts.values()))
    embedder = HashEmbedder()
    exact = embedder.embed(list(texts.values()), kind="passage") @ embedder.embed(["a b"], kind="query")[0]
    found = corpora.open("mine").nearest("a b", limit)
    assert len(found) == min(limit, len(texts))
    assert [cosine for cosine, _ in found] == pytest.approx(sorted(exact, reverse=True)[: len(found)], abs=2e-3)


def test_many_writers_and_readers_at_once(tmp_path):
    """Each writes its own texts and those that all have; nothing is lost, nothing is there twice."""

    def write(number):
        corpora = Corpora(tmp_path / "corpora", HashEmbedder())
        corpora.add("mine", [text(f"text {number} {n}") for n in range(100)] + [text(f"shared {n}") for n in range(50)])
        return len(corpora.open("mine").nearest("text", 5))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(4))) == [5] * 4
    assert Corpora(tmp_path / "corpora", HashEmbedder()).facts("mine").entries == 450
