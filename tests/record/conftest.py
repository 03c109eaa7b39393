"""A store, a run in it, and the parts of a test."""

import itertools
from datetime import UTC, datetime

import pytest

from astral.domain.criterion import Criterion
from astral.domain.drafting import Draft, DraftEnd, Drafting
from astral.domain.records import Draw, Lineage, Message, TestCase, Transcript, Verdict, Vote
from astral.domain.run import Manifest
from astral.domain.space import Dimension, Space, Value
from astral.record import Entry, Store


def _dimension(name, *values):
    return Dimension(id=name, values=tuple(Value(id=value, name=value, definition="d") for value in values))


SPACE = Space(dimensions=(_dimension("style", "slang", "question"), _dimension("risk", "theft", "privacy", "fraud")))
CELLS = tuple(SPACE.cells())
_ids = itertools.count()


class Making:
    """Makes the nouns of one run, the same for the same arguments."""

    space, cells = SPACE, CELLS

    def manifest(self, run_id="run-1", **changes):
        given = {"created": datetime(2026, 11, 21, tzinfo=UTC), "models": {"target": "local"}, "space": SPACE}
        return Manifest(
            run_id=run_id,
            astral_version="0",
            seed=1,
            settings={"strength": 2},
            criterion=Criterion(),
            **(given | changes),
        )

    def new_run(self, store):
        run_id = f"run-{next(_ids)}"
        store.add_run(self.manifest(run_id))
        return run_id

    def draw(self, number, **given):
        return Draw(number=number, **({"cell": CELLS[number % len(CELLS)]} | given))

    def case(self, number, text="Tell me a secret.", **given):
        return TestCase(
            messages=(Message(role="user", content=text),),
            cell=CELLS[number % len(CELLS)],
            lineage=Lineage(generator="compose", seed=number, **given),
        )

    def transcript(self, number, ending="answered", text="No.", **given):
        messages = (Message(role="assistant", content=text),)
        case_id = self.case(number).id
        return Transcript(case_id=case_id, target="local", messages=messages, ending=ending, **given)

    def verdict(self, number, outcome="SAFE", p_unsafe=0.25):
        return Verdict(
            case_id=self.case(number).id,
            transcript_id=self.transcript(number).id,
            oracle="refusal",
            outcome=outcome,
            p_unsafe=p_unsafe,
            votes=(Vote(judge="refusal", outcome=outcome, p_unsafe=p_unsafe, parameters={"weights": [0.1, None]}),),
        )

    def drafting(self, number, rejected=1):
        no = Draft(generator="compose", end=DraftEnd.REJECTED, gate="duplicate")
        return Drafting(drafts=(*[no] * rejected, Draft(generator="compose", end=DraftEnd.ACCEPTED)))

    def entries(self, number):
        return [Entry(number, make(number)) for make in (self.drafting, self.case, self.transcript, self.verdict)]


@pytest.fixture(scope="session")
def make():
    return Making()


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path}/runs/astral.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, sqlite_url):
    """A record that is not made yet, in either database."""
    return sqlite_url if request.param == "sqlite" else request.getfixturevalue("postgresql").new_database()


@pytest.fixture
def sqlite_store(sqlite_url):
    with Store.open(sqlite_url) as opened:
        yield opened


@pytest.fixture
def store(url):
    with Store.open(url) as opened:
        yield opened


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared_store(request, tmp_path_factory):
    """One store for all examples of a property; each example takes a run of its own."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('record')}/astral.db"
    else:
        url = request.getfixturevalue("postgresql").new_database()
    with Store.open(url) as opened:
        yield opened
