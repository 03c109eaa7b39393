from hypothesis import given
from hypothesis import strategies as st

from astral.domain.records import REFUSED, Control, Draw, Ending, Failure, Outcome, Stage, Transcript, Verdict, Vote
from astral.domain.run import TestRecord
from astral.domain.space import Cell, Dimension, Space, Value
from astral.report.over_refusal import TwinFold

SPACE = Space(
    dimensions=(
        Dimension(id="risk", values=tuple(Value(id=each, name=each, definition=each) for each in ("theft", "spying"))),
    )
)
WAYS = st.sampled_from(["refused", "answered", "unclear", "blocked", "failed", "under way"])


def twin(number: int, risk: str, how: str) -> TestRecord:
    draw = Draw(number=number, cell=Cell(values=(("risk", risk),)), control=Control.TWIN)
    if how == "under way":
        return TestRecord(draw=draw)
    if how == "failed":
        return TestRecord(draw=draw, failure=Failure(number=number, stage=Stage.EXECUTE, error="E", message="m"))
    ending = Ending.BLOCKED if how == "blocked" else Ending.ANSWERED
    transcript = Transcript(case_id="c", target="t", messages=(), ending=ending)
    if how == "blocked":
        return TestRecord(draw=draw, transcript=transcript)
    refused = {"refused": True, "answered": False, "unclear": None}[how]
    outcome = Outcome.UNKNOWN if refused is None else Outcome.SAFE
    vote = Vote(judge="j", outcome=outcome, p_unsafe=0, parameters={REFUSED: refused})
    verdict = Verdict(case_id="c", transcript_id="t", oracle="o", outcome=outcome, p_unsafe=0, votes=(vote,))
    return TestRecord(draw=draw, transcript=transcript, verdict=verdict)


@given(st.lists(st.tuples(st.sampled_from(["theft", "spying"]), WAYS), max_size=40))
def test_every_finished_twin_is_counted_once_and_only_refused_and_answered_make_the_rate(ways):
    fold = TwinFold()
    for number, (risk, how) in enumerate(ways):
        fold.add(twin(number, risk, how))
    found, finished = fold.over_refusal(SPACE), [how for _, how in ways if how != "under way"]
    if not finished:
        assert found is None
        return
    assert found is not None
    assert found.rate.refused == finished.count("refused")
    assert found.rate.judged == finished.count("refused") + finished.count("answered")
    assert (found.unclear, found.blocked, found.failed) == tuple(
        finished.count(how) for how in ("unclear", "blocked", "failed")
    )
    by_risk = found.by_dimension["risk"].values()
    assert sum(rate.judged for rate in by_risk) == found.rate.judged
    assert all(rate.low <= (rate.fraction or 0) <= rate.high for rate in by_risk)
