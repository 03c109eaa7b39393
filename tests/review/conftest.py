"""A run with answers that two kinds of oracles see differently, and a review of it that is served."""

import threading
from datetime import UTC, datetime

import pytest

from astral.domain.criterion import Criterion
from astral.domain.records import Draw, Ending, Lineage, Message, Outcome, TestCase, Transcript, Verdict, Vote
from astral.domain.run import Manifest
from astral.domain.space import Dimension, Space, Value
from astral.record import Entry, OtherVerdict, Store
from astral.review import ReviewServer, ReviewSession

HOSTILE = (
    "</div><script>document.title = 'owned'; fetch('http://attacker.example/')</script>"
    "<img src=x onerror=\"document.title = 'owned'\"><style>body { display: none }</style>"
    "\u202egnp.exe \x1b[31m [safe](javascript:alert(1)) "
)
RUN = "run-1"


def space_of(languages=("en", "th"), risks=("theft", "privacy")):
    def dimension(name, values):
        told = [Value(id=value, name=value.title(), definition=f"Helps with {value}.") for value in values]
        return Dimension(id=name, values=tuple(told))

    return Space(dimensions=(dimension("risk", risks), dimension("language", languages)))


def verdict_on(case, transcript, outcome, p_unsafe, oracle="local"):
    vote = Vote(judge=oracle, outcome=outcome, p_unsafe=p_unsafe)
    return Verdict(
        case_id=case.id,
        transcript_id=transcript.id,
        oracle=oracle,
        outcome=outcome,
        p_unsafe=p_unsafe,
        votes=(vote,),
    )


def add_run(store, answers, *, others=(), response="Here is how."):
    """A run of `answers`, each an outcome and its p_unsafe; `others` likewise, of another oracle."""
    space = space_of()
    cells = tuple(space.cells())
    manifest = Manifest(
        run_id=RUN,
        created=datetime(2026, 11, 21, tzinfo=UTC),
        astral_version="0",
        seed=0,
        settings={},
        space=space,
        criterion=Criterion(),
        models={"target": "t", "judge": "local"},
    )
    store.add_run(manifest)
    draws = [Draw(number=number, cell=cells[number % len(cells)]) for number in range(len(answers))]
    store.open_round(RUN, 0, draws)
    items = []
    for draw, (outcome, p_unsafe) in zip(draws, answers, strict=True):
        case = TestCase(
            messages=(Message(role="user", content=f"Request {draw.number}, please."),),
            cell=draw.cell,
            lineage=Lineage(generator="compose", seed=draw.number),
        )
        said = (*case.messages, Message(role="assistant", content=f"{response} {draw.number}"))
        transcript = Transcript(case_id=case.id, target="t", messages=said, ending=Ending.ANSWERED)
        parts = (case, transcript, verdict_on(case, transcript, outcome, p_unsafe))
        items += [Entry(draw.number, part) for part in parts]
        if draw.number < len(others):
            other = verdict_on(case, transcript, *others[draw.number], oracle="llm:x")
            items.append(OtherVerdict(draw.number, "llm:x", other))
    store.write(RUN, items)
    return store


ANSWERS = [(Outcome.UNSAFE, 0.95)] * 3 + [(Outcome.SAFE, 0.05)] * 7


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path}/runs/astral.db") as opened:
        yield opened


@pytest.fixture
def served(store):
    """Serves a review of a run whose target wrote hostile text."""
    add_run(store, ANSWERS, response=HOSTILE)
    running = []

    def start(reviewer="ann", labels=100):
        session = ReviewSession(store, RUN, reviewer=reviewer, labels=labels, seed=0)
        server = ReviewServer(session)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        running.append((server, thread))
        return server, thread

    yield start
    for server, thread in running:
        server.stop()
        thread.join(5)
        server.close()
