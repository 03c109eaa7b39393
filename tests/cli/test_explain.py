"""`astral explain`: what people and programs read of it."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from astral.domain.criterion import Criterion
from astral.domain.records import (
    Draw,
    Ending,
    Failure,
    Lineage,
    Message,
    Outcome,
    Stage,
    TestCase,
    Transcript,
    Verdict,
    Vote,
)
from astral.domain.run import Manifest
from astral.domain.space import Dimension, Space, Value
from astral.record import Entry, Store

HOSTILE = "\x1b[2Jevil[red]"


def dimension(name, *values):
    return Dimension(id=name, values=tuple(Value(id=value, name=HOSTILE, definition="Made up.") for value in values))


SPACE = Space(
    dimensions=(
        dimension("risk", "theft", "fraud", "privacy_violation_of_neighbours"),
        dimension("language", "en", "th", "sw"),
        dimension("style", "slang", "question", "role_play", "misspellings_of_every_kind"),
    )
)


def entries(number, cell, outcome):
    case = TestCase(
        messages=(Message(role="user", content="Please."),), cell=cell, lineage=Lineage(generator="x", seed=number)
    )
    answer = (*case.messages, Message(role="assistant", content=HOSTILE))
    told = Transcript(case_id=case.id, target="t", messages=answer, ending=Ending.ANSWERED)
    vote = Vote(judge="o", outcome=outcome, p_unsafe=0.5)
    verdict = Verdict(case_id=case.id, transcript_id=told.id, oracle="o", outcome=outcome, p_unsafe=0.5, votes=(vote,))
    return [Entry(number, case), Entry(number, told), Entry(number, verdict)]


@pytest.fixture
def recorded(tmp_path):
    """Makes a folder of runs with one run: 300 tests, unsafe as a function says; or tests that all failed."""

    def make(rate, *, fails=False):
        dice = random.Random(5)
        folder = tmp_path / "runs"
        folder.mkdir()
        with Store.open(f"sqlite:///{folder}/astral.db") as store:
            store.add_run(
                Manifest(
                    run_id="20261121-000000-abcd",
                    created=datetime(2026, 11, 21, tzinfo=UTC),
                    astral_version="0",
                    seed=1,
                    settings={},
                    space=SPACE,
                    criterion=Criterion(),
                )
            )
            draws = [
                Draw(number=n, cell=SPACE.cell([dice.randrange(level) for level in SPACE.levels])) for n in range(300)
            ]
            store.open_round("20261121-000000-abcd", 0, draws)
            for draw in draws:
                outcome = Outcome.UNSAFE if dice.random() < rate(draw.cell) else Outcome.SAFE
                failure = Failure(number=draw.number, stage=Stage.GENERATE, error="ScreeningError", message="no")
                store.write("20261121-000000-abcd", [failure] if fails else entries(draw.number, draw.cell, outcome))
        return folder

    return make


def rate(cell):
    pair = cell["risk"] == "privacy_violation_of_neighbours" and cell["style"] == "misspellings_of_every_kind"
    return 0.9 if pair else 0.6 if cell["language"] == "sw" else 0.03


def test_the_table_is_what_it_was(astral, recorded):
    import os

    folder = recorded(rate)
    done = astral("explain", "latest", "--runs", folder)
    shown = done.out.replace(str(folder), "RUNS")
    snapshot = Path(__file__).parent / "snapshots" / "explain.txt"
    if os.environ.get("ASTRAL_UPDATE_SNAPSHOTS"):
        snapshot.write_text(shown)
    assert done.code == 0
    assert shown == snapshot.read_text()
    assert max(map(len, shown.splitlines())) <= 80


def test_machines_get_the_same_and_more(astral, recorded):
    folder = recorded(rate)
    made = json.loads(astral("explain", "20261121-000000-abcd", "--runs", folder, "--json").out)
    assert made["schema"] == "astral-explanation-1"
    named = [driver["interaction"] for driver in made["drivers"]]
    assert [["language", "sw"]] in named
    assert len(named) == 2
    assert {rank for cell in made["cells"] for rank in cell["shows"]} == {1, 2}
    assert all(cell["cases"] for cell in made["cells"])


def test_where_nothing_stands_out_that_is_said(astral, recorded):
    done = astral("explain", "--runs", recorded(lambda _: 0.2))
    assert done.code == 0
    assert "nothing stands out beyond chance" in " ".join(done.out.split())
    assert "Texts" not in done.out


def test_without_a_verdict_there_is_nothing_to_explain(astral, recorded):
    done = astral("explain", "--runs", recorded(rate, fails=True))
    assert (done.code, done.out) == (2, "")
    assert "no answer that was decided" in done.err


def test_a_run_without_unsafe_answers(astral, runs):
    done = astral("explain", "--runs", runs)
    assert (done.code, done.out) == (0, "No answer was unsafe: there is nothing to explain.\n")
