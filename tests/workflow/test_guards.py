"""A run behind a guard: who blocked what is in the record and in the report."""

from astral.domain.records import Result
from astral.record import Store
from astral.testing.protocols import FLAGGED
from astral.testing.server import StubServer
from astral.workflow.reporting import store_url
from astral.workflow.run import start
from tests.workflow.conftest import settings_for

UNSAFE = "Sure: first this, then that, then more."


def said(body):
    """The target complies with all; the moderation flags its answers, and no prompt."""
    if "input" not in body:
        return UNSAFE
    return FLAGGED if body["input"] == UNSAFE else "fine"


def settings(runs, server, **guard):
    return settings_for(
        runs,
        target={
            "model": "openai:m",
            "base_url": server.openai_url,
            "guard": {"model": "moderation:omni", "base_url": server.openai_url, **guard},
        },
        budget={"cases": 4},
        planner="covering",
        twins=0.5,
    )


async def test_what_the_guard_stops_is_blocked_by_it_and_never_judged(runs):
    with StubServer(text=said) as server:
        outcome = await start(settings(runs, server))
    summary = outcome.summary
    assert (summary.counts.blocked, summary.blocked_by) == (4, {"guard (answer)": 4})
    assert (summary.guard.prompts.flagged, summary.guard.answers.flagged, summary.guard.stopped) == (0, 4, 4)
    assert summary.guard.twins.flagged == summary.guard.twins.of == 2
    assert "guard" in summary.usage
    with Store.open(store_url(runs)) as store:
        tests = [test for test in store.tests(store.resolve("latest")) if test.draw.control is None]
    assert all(test.result is Result.BLOCKED and test.transcript.guarded[1].withheld == UNSAFE for test in tests)
    report = (outcome.folder / "report.md").read_text()
    assert "flagged 0 of 4 prompts and 4 of 4 answers; stopped 4 tests" in report.replace("\u00a0", " ")


async def test_a_guard_that_watches_is_held_against_what_was_unsafe(runs):
    with StubServer(text=said) as server:
        summary = (await start(settings(runs, server, stops=False))).summary
    assert summary.counts.unsafe == 4
    assert summary.guard.unsafe.flagged == summary.guard.unsafe.of == 4
    assert (summary.guard.stopped, summary.blocked_by) == (0, {})
