from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.cli.summary import bar, command_on, print_summary
from astral.domain.criterion import Criterion, Progress
from astral.domain.records import (
    Draw,
    Failure,
    Lineage,
    Message,
    Outcome,
    Stage,
    TestCase,
    Transcript,
    Usage,
    Verdict,
    Vote,
)
from astral.domain.run import Manifest, RunStatus, TestRecord
from astral.domain.space import Cell, Dimension, Space, Value
from astral.report import summarise
from astral.report.change import Change

HOSTILE = "\x1b[2J[bold red]Owned[/bold red] \u202eevil\r\x07 [link=https://example.invalid]x[/link]"
CHANGE = Change(
    run_id="2026-11-20-dim-comet",
    created=datetime(2026, 11, 20, tzinfo=UTC),
    cells=100,
    before=40,
    after=52,
    newly_unsafe=15,
    newly_safe=3,
    difference=0.12,
    low=0.04,
    high=0.2,
)
LONG = "A name of a risk that goes on for much longer than any terminal is wide, and then some"


def judged(number, risk, outcome, p_unsafe):
    cell = Cell(values=(("risk", risk), ("language", "th")))
    case = TestCase(
        messages=(Message(role="user", content="Please."),), cell=cell, lineage=Lineage(generator="x", seed=number)
    )
    usage = Usage(prompt_tokens=1000, completion_tokens=234)
    told = Transcript(case_id=case.id, target="t", messages=case.messages, ending="answered", usage=usage)
    vote = Vote(judge="o", outcome=outcome, p_unsafe=p_unsafe)
    verdict = Verdict(
        case_id=case.id, transcript_id=told.id, oracle="o", outcome=outcome, p_unsafe=p_unsafe, votes=(vote,)
    )
    return TestRecord(draw=Draw(number=number, cell=cell), case=case, transcript=told, verdict=verdict)


def failed(number, message):
    cell = Cell(values=(("risk", "plain"), ("language", "th")))
    failure = Failure(number=number, stage=Stage.EXECUTE, error="ProviderError", message=message)
    return TestRecord(draw=Draw(number=number, cell=cell), failure=failure)


def summary(*, name=HOSTILE, status=RunStatus.MET, note="", failures=0, **settings):
    risks = {"hostile": name, "plain": "Plain", "never": "Never tested"}
    space = Space(
        dimensions=(
            Dimension(
                id="risk", values=tuple(Value(id=key, name=text, definition="Made up.") for key, text in risks.items())
            ),
            Dimension(id="language", values=(Value(id="th", name="ภาษาไทย", definition="Thai."),)),
        )
    )
    manifest = Manifest(
        run_id="20261121-000000-abcd",
        created=datetime(2026, 11, 21, tzinfo=UTC),
        astral_version="0",
        seed=0,
        settings=settings,
        space=space,
        criterion=Criterion(strength=2),
    )
    tests = [
        *[judged(number, "hostile", Outcome.UNSAFE, 0.9) for number in range(9)],
        judged(9, "plain", Outcome.SAFE, 0.1),
        judged(10, "plain", Outcome.UNKNOWN, 0.5),
        *[failed(11 + number, HOSTILE) for number in range(failures)],
    ]
    progress = Progress(required=3, covered=2, open=1)
    return summarise(manifest, tests, progress, status=status, oracle_note=note)


@pytest.fixture
def printed(capsys):
    def print_(made, folder="runs/20261121-000000-abcd", *, as_json=False, is_revealed=False, is_full=False):
        print_summary(made, Path(folder), as_json=as_json, is_revealed=is_revealed, is_full=is_full)
        return capsys.readouterr().out

    return print_


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("failures", [0, 4])
def test_it_fits_the_terminal_whatever_the_names(printed, monkeypatch, columns, failures):
    from rich.cells import cell_len

    monkeypatch.setenv("COLUMNS", str(columns))
    for is_full in (False, True):
        lines = printed(summary(name=LONG, note=LONG * 3, failures=failures), is_full=is_full).splitlines()
        assert max(map(cell_len, lines)) <= columns
        assert not any(line != line.rstrip() for line in lines)


def test_it_fits_one_screen_with_what_changed(printed):
    made = summary(name="Bad", note="It is right in 9 of 10 answers.", failures=2)
    lines = printed(made.model_copy(update={"change": CHANGE})).splitlines()
    assert len(lines) <= 24
    assert any(line.startswith("Changed    since 2026-11-20-dim-comet, on 100 cells") for line in lines)
    assert "Tokens     target 13,574" in lines


def test_names_notes_and_failures_neither_act_nor_style(printed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    shown = printed(summary(note=HOSTILE, failures=1), folder=f"runs/{HOSTILE}")
    assert not set(shown) & set("\x1b\x07\r\u202e")
    assert "[bold red]Owned[/bold red]" in shown
    assert "⟨U+202E⟩" in shown


def test_it_says_first_what_a_person_wants_first(printed):
    lines = printed(summary(name="Bad", note="It is often right.", failures=2)).splitlines()
    assert lines[0] == "9 of 10 decided answers were unsafe: 90 % (60 to 98 %)."
    assert "Coverage   2 of 3 pairs of values judged (67 %)" in lines
    assert "Tests      13: 9 unsafe, 1 safe, 1 unknown, 0 blocked, 2 failed" in lines
    assert "Oracle     It is often right." in lines
    assert "Tokens     target 13,574" in lines
    assert lines[-1] == "Report     runs/20261121-000000-abcd/report.html"


def test_rates_stand_with_their_intervals_the_worst_first_and_untested_values_are_counted(printed):
    lines = printed(summary(name="Bad"), is_full=True).splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("risk"))
    bad, plain, rest = (" ".join(line.split()) for line in lines[start + 1 : start + 4])
    assert bad == "Bad 9/9 100 % ████████ 70 to 100 %"
    assert plain == "Plain 0/1 0 % 0 to 79 % 1"
    assert rest == "1 more not tested"


@pytest.mark.parametrize("status", RunStatus)
def test_what_can_go_on_says_how(printed, status):
    shown = printed(summary(status=status))
    can_go_on = status not in {RunStatus.MET, RunStatus.EXHAUSTED}
    assert ("Go on      astral resume 20261121-000000-abcd" in shown.splitlines()) is can_go_on


@pytest.mark.parametrize(("threshold", "told"), [(0.5, "above it with 95 %"), (0.7, "not passed with 95 %")])
def test_the_threshold_is_judged_by_the_interval(printed, threshold, told):
    assert told in printed(summary(max_unsafe_rate=threshold))


def test_a_revealed_report_is_called_private(printed):
    assert "keep it private" in printed(summary(), is_revealed=True)
    assert "keep it private" not in printed(summary())


def test_json_is_all_that_is_printed_for_machines(printed):
    import json

    assert json.loads(printed(summary(), as_json=True))["counts"]["unsafe"] == 9


def test_the_command_to_go_on_names_a_folder_that_is_not_the_usual_one():
    assert command_on("resume", "x", Path("runs")) == "astral resume x"
    assert command_on("resume", "x", Path("/tmp/my runs")) == "astral resume x --runs '/tmp/my runs'"


@given(st.floats(0, 1))
def test_a_bar_has_its_width_and_shows_all_that_is_above_zero(fraction):
    drawn = bar(fraction)
    assert len(drawn) == 8
    assert bool(drawn.strip()) is (fraction > 0)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_longer_bar_is_no_smaller_rate(one, other):
    def filled(text):
        return sum(" ▏▎▍▌▋▊▉█".index(sign) for sign in text)

    low, high = sorted([one, other])
    assert filled(bar(low)) <= filled(bar(high))
