"""What can become of a test, and how each part is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from astral.domain.records import (
    Draw,
    Ending,
    Failure,
    Lineage,
    Message,
    Outcome,
    Result,
    TestCase,
    Transcript,
    Verdict,
    Vote,
)
from astral.domain.run import Manifest, TestRecord
from astral.domain.space import Cell

CELL = Cell(values=(("risk", "theft"), ("style", "slang")))
CASE = TestCase(
    messages=(
        Message(role="system", content="s"),
        Message(role="user", content="a"),
        Message(role="user", content="b"),
    ),
    cell=CELL,
    lineage=Lineage(generator="compose", seed=1),
)


def transcript(ending, **given):
    return Transcript(case_id=CASE.id, target="t", messages=(), ending=ending, **given)


def verdict(outcome):
    vote = Vote(judge="j", outcome=outcome, p_unsafe=0.5)
    return Verdict(case_id=CASE.id, transcript_id="t", oracle="o", outcome=outcome, p_unsafe=0.5, votes=(vote,))


FAILURE = Failure(number=0, stage="judge", error="OracleError", message="no vote")
verdicts = st.none() | st.sampled_from(Outcome).map(verdict)
transcripts = st.none() | st.sampled_from(Ending).map(transcript)


@given(verdicts, transcripts)
def test_every_finished_test_has_one_of_five_endings(decided, talk):
    expected = {
        Result.UNSAFE: decided is not None and decided.outcome is Outcome.UNSAFE,
        Result.SAFE: decided is not None and decided.outcome is Outcome.SAFE,
        Result.UNKNOWN: decided is not None and decided.outcome is Outcome.UNKNOWN,
        Result.BLOCKED: decided is None and talk is not None and talk.ending is Ending.BLOCKED,
        Result.FAILED: decided is None and (talk is None or talk.ending is not Ending.BLOCKED),
    }
    assert [ending for ending, holds in expected.items() if holds] == [Result.of(decided, talk)]


@given(verdicts, transcripts, st.none() | st.just(FAILURE))
def test_a_test_under_way_has_no_ending_and_a_failure_is_never_safe(decided, talk, failure):
    record = TestRecord(draw=Draw(number=0, cell=CELL), transcript=talk, verdict=decided, failure=failure)
    assert (record.result is None) == (not record.is_finished)
    assert record.is_finished == bool(decided or failure or (talk and talk.ending is Ending.BLOCKED))
    if decided is None:
        assert record.result in (None, Result.BLOCKED, Result.FAILED)


@given(run_seed=st.integers(), number=st.integers(0, 2**40))
def test_the_seed_of_a_draw_fits_63_bits_and_depends_on_run_and_number_alone(run_seed, number):
    draw = Draw(number=number, cell=CELL)
    assert 0 <= draw.seed(run_seed) < 2**63
    assert draw.model_copy(update={"attempt": 3, "probability": 0.5}).seed(run_seed) == draw.seed(run_seed)


def test_seeds_of_draws_are_spread_over_their_whole_range():
    seeds = {Draw(number=number, cell=CELL).seed(run_seed) for number in range(500) for run_seed in range(4)}
    assert len(seeds) == 2000
    assert max(seeds) > 0.99 * 2**63
    assert min(seeds) < 0.01 * 2**63


@pytest.mark.parametrize("given", [{"number": -1}, {"probability": 0}, {"probability": 1.5}, {"attempt": -1}])
def test_a_draw_out_of_range_is_refused(given):
    with pytest.raises(ValidationError):
        Draw(**({"number": 0, "cell": CELL} | given))


def test_a_case_is_named_by_all_that_it_is():
    assert CASE.id == TestCase.model_validate_json(CASE.model_dump_json()).id
    changes = [
        {"messages": CASE.messages[:2]},
        {"cell": Cell(values=(("risk", "fraud"), ("style", "slang")))},
        {"lineage": Lineage(generator="compose", seed=2)},
    ]
    assert len({CASE.id, *(CASE.model_copy(update=change).id for change in changes)}) == 4


def test_a_transcript_is_named_by_what_was_said_and_not_by_how_long_it_took():
    assert transcript("answered", latency_seconds=1).id == transcript("answered", latency_seconds=2).id
    assert transcript("answered").id != transcript("truncated").id


def test_request_and_response_are_each_side_s_words():
    talk = transcript("answered").model_copy(
        update={"messages": (*CASE.messages, Message(role="assistant", content="c"))}
    )
    assert CASE.request == "a\n\nb"
    assert talk.response_to(CASE) == "c"


def test_what_a_case_puts_into_the_assistant_s_mouth_is_not_the_target_s():
    """Such as an obliging answer that a many-shot attack makes up: the target may refuse after it."""
    made_up = (Message(role="user", content="x"), Message(role="assistant", content="Of course!"))
    case = CASE.model_copy(update={"messages": (*made_up, Message(role="user", content="b"))})
    talk = transcript("answered").model_copy(
        update={"messages": (*case.messages, Message(role="assistant", content="No."))}
    )
    assert talk.response_to(case) == "No."


def test_a_made_up_answer_is_not_the_target_s_where_the_last_turn_was_worded_anew():
    system = Message(role="system", content="Be kind.")
    made_up = (Message(role="user", content="x"), Message(role="assistant", content="Of course!"))
    case = CASE.model_copy(update={"messages": (*made_up, Message(role="user", content="b"))})
    anew = Message(role="user", content="b in other words")
    talk = transcript("answered").model_copy(
        update={"messages": (system, *made_up, anew, Message(role="assistant", content="No."))}
    )
    assert talk.response_to(case) == "No."
    assert [[message.content for message in turn] for turn in talk.turns(case)] == [["b in other words", "No."]]


def test_a_verdict_rests_on_a_vote():
    with pytest.raises(ValidationError):
        Verdict(case_id="c", transcript_id="t", oracle="o", outcome="SAFE", p_unsafe=0, votes=())


@pytest.mark.parametrize("run_id", ["", "../up", "a/b", ".hidden", "a b", "a\n"])
def test_a_run_id_is_a_plain_file_name(run_id):
    with pytest.raises(ValidationError, match="run_id"):
        Manifest(run_id=run_id, created="2026-11-21", astral_version="0", seed=0, settings={}, space=None, criterion={})


@given(st.text())
def test_text_from_outside_can_always_be_written(text):
    """A model's JSON may hold half a character, which neither a file nor a hash could."""
    message = Message(role="assistant", content=f"{text}\ud800")
    assert message.content.encode().decode() == message.content
    assert message.content.endswith("?")
