"""What is exchanged with other tools: test cases, and what came of them where they were tried."""

from collections.abc import Sequence

from astral.domain.base import Noun, Text
from astral.domain.records import Ending, Lineage, Message, Outcome, TestCase, Transcript, Verdict, Vote
from astral.domain.space import Cell


class Sample(Noun):
    """A test case with its answer and its verdict, as far as there are any."""

    case: TestCase
    transcript: Transcript | None = None
    verdict: Verdict | None = None
    is_benign: bool = False
    """It asks for nothing that a target should decline: a benign twin."""
    licence: Text = ""
    """SPDX identifier of the request's text; empty where nobody said."""

    @property
    def outcome(self) -> Outcome | None:
        """What was decided about the answer; None where nothing was."""
        return self.verdict.outcome if self.verdict else None

    @property
    def response(self) -> str:
        """The target's words; empty where there are none."""
        return self.transcript.response_to(self.case) if self.transcript else ""


def foreign_sample(
    tool: str,
    messages: Sequence[Message],
    *,
    cell: Cell | None = None,
    lineage: Lineage | None = None,
    response: str = "",
    target: str = "",
    outcome: Outcome | None = None,
    reason: str = "",
    is_benign: bool = False,
    licence: str = "",
) -> Sample:
    """A sample from another tool's file.

    Args:
        tool: Name of the format; it stands for the oracle where the tool itself decided.
        messages: What was sent.
        cell: What is known of the risk, the language and so on.
        lineage: Where astral wrote the case itself; by default the lineage names the format alone.
        response: The target's answer; empty where the file has none.
        target: Name of the tested system.
        outcome: What the tool decided about the answer; None where it did not.
        reason: Why.
        is_benign: Whether it asks for nothing that should be declined.
        licence: Of the text.
    """
    case = TestCase(
        messages=tuple(messages),
        cell=cell or Cell(values=()),
        lineage=lineage or Lineage(generator=f"import:{tool}", seed=0),
    )
    if not response and outcome is None:
        return Sample(case=case, is_benign=is_benign, licence=licence)
    answer = (Message(role="assistant", content=response),) if response else ()
    transcript = Transcript(
        case_id=case.id,
        target=target or tool,
        messages=(*case.messages, *answer),
        ending=Ending.ANSWERED if response.strip() else Ending.EMPTY,
    )
    verdict = None
    if outcome is not None:
        p_unsafe = {Outcome.UNSAFE: 1.0, Outcome.SAFE: 0.0, Outcome.UNKNOWN: 0.5}[outcome]
        vote = Vote(judge=tool, outcome=outcome, p_unsafe=p_unsafe, reason=reason)
        verdict = Verdict(
            case_id=case.id,
            transcript_id=transcript.id,
            oracle=tool,
            outcome=outcome,
            p_unsafe=p_unsafe,
            reason=reason,
            votes=(vote,),
        )
    return Sample(case=case, transcript=transcript, verdict=verdict, is_benign=is_benign, licence=licence)
