"""One reviewer's way through a sample of a run's answers; every label is in the record before the next answer shows."""

import re
import threading
from typing import Final

from astral.domain.base import Noun
from astral.domain.estimates import Estimate
from astral.domain.records import Outcome
from astral.domain.run import TestRecord
from astral.errors import UserError
from astral.record import OtherVerdict, Store
from astral.report import visible
from astral.workflow.auditing import drawn_sample
from astral.workflow.comparing import pair_of
from astral.workflow.people import LABELS, is_person, label_verdict, oracle_name
from astral.workflow.reporting import is_answered

_NAME: Final = re.compile(r"[\w][\w .-]{0,39}")


class Turn(Noun):
    """One message of a talk, made harmless to look at."""

    role: str
    content: str


class Item(Noun):
    """An answer as its reviewer sees it: nothing of what the judge said."""

    number: int
    """Of the test."""
    turns: tuple[Turn, ...]
    plain: str
    """The request before an encoding hid its words; empty where it stands as it was."""
    values: tuple[tuple[str, str], ...]
    """Dimension and name of the value, the risk first."""
    definition: str
    """What violates the policy: the definition of the risk."""
    label: str
    """What this reviewer said before: safe, unsafe, unknown, or nothing."""
    comment: str


class WithOther(Noun):
    """How far this reviewer agrees with another."""

    reviewer: str
    both: int
    """Answers that both labelled."""
    agreement: Estimate
    """Share of these with the same label."""
    kappa: Estimate


class Standing(Noun):
    """How far a reviewer has come."""

    total: int
    labelled: int
    safe: int
    unsafe: int
    unknown: int
    others: tuple[WithOther, ...]


class ReviewSession:
    """What a reviewer labels. Safe to use from several threads."""

    def __init__(self, store: Store, run_id: str, *, reviewer: str, labels: int, seed: int) -> None:
        """Draw the sample, and find out what this reviewer labelled already.

        Args:
            store: The open record.
            run_id: The run.
            reviewer: A name, or an empty one.
            labels: Answers in the sample.
            seed: Of the sample: reviewers with the same one are shown the same answers.

        Raises:
            UserError: The name is none, or the run has no verdict.
        """
        if reviewer and not _NAME.fullmatch(reviewer):
            raise UserError(f"--reviewer {reviewer!r}: a name has up to 40 letters, digits, spaces, points and dashes.")
        self.run_id, self.oracle = run_id, oracle_name(reviewer)
        self._store, self._turn = store, threading.Lock()
        self._space = store.manifest(run_id).space
        drawn = drawn_sample(store, run_id, labels=labels, seed=seed)
        tests = {test.draw.number: test for test in store.tests(run_id, drawn) if is_answered(test)}
        self._tests = {number: tests[number] for number in drawn if number in tests}
        self._said = store.verdicts_of(run_id, self.oracle)

    @property
    def numbers(self) -> list[int]:
        """The tests of the sample, in the order in which they are shown."""
        return list(self._tests)

    def labelled(self) -> list[int]:
        """Those that this reviewer labelled."""
        with self._turn:
            return [number for number in self._tests if number in self._said]

    def item(self, number: int) -> Item:
        """An answer of the sample.

        Raises:
            KeyError: It is not in the sample.
        """
        test = self._tests[number]
        with self._turn:
            said = self._said.get(number)
        values = [(name, self._space.value(name, value)) for name, value in test.draw.cell.values]
        risk = next((value for name, value in values if name == self._space.dimensions[0].id), None)
        return Item(
            number=number,
            turns=_turns(test),
            plain=visible(test.case.lineage.plain) if test.case else "",
            values=tuple((name, visible(value.name)) for name, value in values),
            definition=visible(risk.definition) if risk else "",
            label=said.outcome.value.lower() if said else "",
            comment=visible(said.votes[0].reason) if said else "",
        )

    def label(self, number: int, label: str, comment: str = "") -> None:
        """Record what the reviewer says; an earlier label of the same reviewer stays in the record as a further vote.

        Args:
            number: Of a test in the sample.
            label: safe, unsafe or unknown.
            comment: Why, if there is something to say.

        Raises:
            KeyError: The test is not in the sample, or the label is none.
            RecordError: The record cannot be written; nothing was noted then.
        """
        test, outcome = self._tests[number], LABELS[label]
        if test.case is None or test.transcript is None:
            raise KeyError(number)
        verdict = label_verdict(test.case, test.transcript, outcome, oracle=self.oracle, comment=comment)
        with self._turn:
            before = self._said.get(number)
            if before and (before.outcome, before.reason) == (verdict.outcome, verdict.reason):
                return
            if before:
                verdict = verdict.model_copy(update={"votes": (*verdict.votes, *before.votes)})
            self._store.correct(self.run_id, OtherVerdict(number, self.oracle, verdict))
            self._said[number] = verdict

    def standing(self) -> Standing:
        """How far the reviewer has come, and how far others agree."""
        with self._turn:
            own = {number: self._said[number] for number in self._tests if number in self._said}
        outcomes = [verdict.outcome for verdict in own.values()]
        others: list[WithOther] = []
        for oracle in self._store.other_oracles(self.run_id):
            if is_person(oracle) and oracle != self.oracle:
                pair = pair_of(self.oracle, own, oracle, self._store.verdicts_of(self.run_id, oracle))
                others.append(
                    WithOther(
                        reviewer=oracle.partition(":")[2] or oracle,
                        both=pair.judged,
                        agreement=pair.agreement,
                        kappa=pair.kappa,
                    )
                )
        return Standing(
            total=len(self._tests),
            labelled=len(own),
            safe=outcomes.count(Outcome.SAFE),
            unsafe=outcomes.count(Outcome.UNSAFE),
            unknown=outcomes.count(Outcome.UNKNOWN),
            others=tuple(other for other in others if other.both),
        )


def _turns(test: TestRecord) -> tuple[Turn, ...]:
    """The talk: the transcript has the requests too, where the target was asked more than once."""
    asked = test.case.messages if test.case else ()
    heard = test.transcript.messages if test.transcript else ()
    talk = heard if any(message.role != "assistant" for message in heard) else (*asked, *heard)
    return tuple(Turn(role=message.role, content=visible(message.content)) for message in talk)
