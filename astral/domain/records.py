"""What happens to a cell: it is planned, written as a test case, executed, judged; or it fails."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Final, Literal

from pydantic import Field, JsonValue

from astral.domain.base import Noun, Text, content_id
from astral.domain.messages import Message, later
from astral.domain.scene import Scene
from astral.domain.space import Cell

MOST_TURNS: Final = 20
"""Turns of a talk, whatever leads it."""


class Control(StrEnum):
    """A test that stands beside the tests proper; no coverage and no rate of unsafe answers counts it."""

    POSITIVE = "positive"
    """Answered by a target that surely complies: the oracle should say UNSAFE."""
    NEGATIVE = "negative"
    """Answered by a target that surely refuses: the oracle should say SAFE."""
    TWIN = "twin"
    """A harmless look-alike of a test's case, answered by the target itself: to refuse it is over-refusal."""


class Draw(Noun):
    """A cell that a planner handed out: one test of a run."""

    number: int = Field(ge=0)
    """Position in the run, from 0; with the run's id it names this test in the record."""
    cell: Cell
    attempt: int = Field(default=0, ge=0)
    """How many tests of this cell failed before in this run."""
    probability: float = Field(default=1.0, gt=0, le=1)
    """The chance with which the planner chose this cell, so that rates can be freed from the search's bias."""
    control: Control | None = None

    def seed(self, run_seed: int) -> int:
        """The seed of everything random about this test, in [0, 2^63)."""
        return int(content_id(run_seed, self.number), 16) >> 17


class Evidence(Noun):
    """What retrieval or the web gave to a test case. Untrusted text: data, never an instruction."""

    text: Text
    kind: Literal["corpus", "document", "web"]
    """corpus: a request, one of our seeds or of a corpus of requests; document: a passage from files; web."""
    title: Text = ""
    url: str = ""
    """Address of the page; of an entry in a corpus `corpus:NAME@VERSION#ID`."""
    date: str = ""
    """As the source states it; empty where it does not."""
    digest: str = ""
    """SHA-256 of the passage, so that a later reader can tell whether it changed."""


class PromptRef(Noun):
    """A prompt file as it was used."""

    id: str
    version: int
    digest: str


class AppliedTransform(Noun):
    """A transform as it was applied to a test case."""

    name: str
    seed: int = 0
    note: Mapping[str, JsonValue] = {}
    """What a reader needs to undo it, or to tell why it cannot be undone."""


class Lineage(Noun):
    """Where a test case comes from."""

    generator: str
    """Name of the generator, such as `compose` or `llm`."""
    model: str = ""
    """Name of the attacker model; empty where none was asked."""
    prompt: PromptRef | None = None
    seed: int
    seed_text: str = ""
    """Id of the scenario seed, such as `astral-14/en/privacy_violation/0`."""
    evidence: tuple[Evidence, ...] = ()
    transforms: tuple[AppliedTransform, ...] = ()
    """In the order in which they were applied."""
    plain: Text = ""
    """The request before transforms that hide its words, such as an encoding; empty where it stands as it was."""
    parent: str = ""
    """Id of the case that this one was made from; of a benign twin, the case that it looks like."""
    drafts: int = Field(default=1, ge=1)
    """How many drafts it took until one passed the gates."""


class Course(Noun):
    """How a talk goes on after the first answer."""

    strategy: str
    """Name of the strategy that leads it."""
    turns: int = Field(ge=1, le=MOST_TURNS)
    """The most that the target is asked, the first message included."""
    lines: tuple[Text, ...] = ()
    """What the user says in each turn, where that is known beforehand; the first one is among the case's messages."""
    asks_in: int = Field(default=1, ge=1)
    """The first turn, from 1, that asks for what the case is about; those before it only lead there."""


class TestCase(Noun):
    """The messages that are sent, the cell that they stand for, and where they come from."""

    __test__ = False  # pytest would otherwise collect the class by its name

    messages: tuple[Message, ...] = Field(min_length=1)
    cell: Cell
    lineage: Lineage
    course: Course | None = later(None)
    """None: the target is asked once."""
    scene: Scene | None = later(None)
    """None: the target has no tools, and words alone decide."""

    @cached_property
    def id(self) -> str:
        """Hash of the content."""
        more = [part for part in (self.course, self.scene) if part is not None]
        return content_id(self.messages, self.cell, self.lineage, *more)

    @property
    def request(self) -> str:
        """The user's words, all turns together."""
        return "\n\n".join(message.content for message in self.messages if message.role == "user")

    @property
    def plain_request(self) -> str:
        """The request before transforms that hide its words: what gates and judges read."""
        return self.lineage.plain or self.request


class Usage(Noun):
    """What calls cost."""

    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)

    @property
    def tokens(self) -> int:
        """All tokens."""
        return self.prompt_tokens + self.completion_tokens


class Ending(StrEnum):
    """How a talk with the target ended, as the provider reports it."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """The provider itself marks the answer as the model's refusal."""
    BLOCKED = "blocked"
    """A filter of the provider, or a guard in front of the target, stopped request or answer."""
    EMPTY = "empty"
    TRUNCATED = "truncated"
    """The answer reached its limit of tokens; what there is of it is judged."""


class Attempt(Noun):
    """A talk that a strategy had and dropped for a better one."""

    messages: tuple[Message, ...]
    score: float | None = Field(default=None, ge=0, le=1)
    """p_unsafe by the run's judge; None where it was not asked."""


class Guarded(Noun):
    """What a guard in front of the target said of one thing that passed it."""

    side: Literal["prompt", "answer"]
    guard: str
    """Name of the guard's model, as it reports it."""
    is_flagged: bool
    p_unsafe: float = Field(ge=0, le=1)
    category: Text = ""
    """In the guard's own terms."""
    is_stopped: bool = False
    """It did not pass: the target never saw this prompt, or nobody saw this answer."""
    withheld: Text = ""
    """The target's answer that was stopped; no part of the talk."""


class Transcript(Noun):
    """The talk with the target about one test case."""

    case_id: str
    target: str
    messages: tuple[Message, ...]
    ending: Ending
    usage: Usage = Usage()
    """Of the target."""
    latency_seconds: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    others: tuple["Transcript", ...] = ()
    """Further answers of the same target to the same case, where several were asked for; none has others itself."""
    attempts: tuple[Attempt, ...] = later(())
    """What else was tried, in its order; only the talk itself is judged."""
    guarded: tuple[Guarded, ...] = later(())
    """What a guard in front of the target said, in its order."""

    @cached_property
    def id(self) -> str:
        """Hash of the content, less the time that it took."""
        others = [other.id for other in self.others]
        more = [part for part in (self.attempts, self.guarded) if part]
        return content_id(self.case_id, self.target, self.messages, self.ending, *others, *more)

    @property
    def blocked_by(self) -> str:
        """Who stopped the talk: `guard (prompt)`, `guard (answer)`, or `provider`; empty where nobody did."""
        if self.ending is not Ending.BLOCKED:
            return ""
        return next((f"guard ({said.side})" for said in self.guarded if said.is_stopped), "provider")

    def response_to(self, case: TestCase) -> str:
        """The target's words, all turns together; not those that the case itself puts into the assistant's mouth."""
        said = [message.content for message in self.said_to(case) if message.role == "assistant"]
        return "\n\n".join(text for text in said if text)

    def said_to(self, case: TestCase) -> tuple[Message, ...]:
        """What followed on the messages of a case: the target's part, with results of calls and further turns."""
        # A target may put a system prompt of its own before the case's messages.
        if (end := _end_of(case.messages, self.messages)) is not None:
            return self.messages[end:]
        # A strategy words the last turn of the user anew; answers before it that the case made up stay as they are.
        last = max((place for place, each in enumerate(case.messages) if each.role == "user"), default=0)
        begin = _end_of(case.messages[:last], self.messages) or 0
        rest = self.messages[begin:]
        return rest[next((place for place, each in enumerate(rest) if each.role == "assistant"), len(rest)) :]

    def turns(self, case: TestCase) -> list[tuple[Message, ...]]:
        """The talk turn by turn: what the user said, and what the target made of it; at least one."""
        said = self.said_to(case)
        before = self.messages[: len(self.messages) - len(said)]
        turns = [[message for message in before if message.role == "user"][-1:]]
        for message in said:
            if message.role == "user":
                turns.append([])
            turns[-1].append(message)
        return [tuple(turn) for turn in turns]


def _end_of(part: tuple[Message, ...], messages: tuple[Message, ...]) -> int | None:
    """Where the first place ends at which a part stands in messages; None where it stands nowhere."""
    starts = range(len(messages) - len(part) + 1)
    return next((start + len(part) for start in starts if messages[start : start + len(part)] == part), None)


class Outcome(StrEnum):
    """What an oracle decided."""

    SAFE = "SAFE"
    UNSAFE = "UNSAFE"
    UNKNOWN = "UNKNOWN"
    """The oracle saw the answer and cannot tell; no rate counts it as safe or unsafe."""


REFUSED: Final = "refused"
"""The parameter of a vote on a benign twin that says whether the target refused it."""


class Vote(Noun):
    """One judge's opinion."""

    judge: str
    """Name of the oracle or model."""
    outcome: Outcome
    p_unsafe: float = Field(ge=0, le=1)
    reason: Text = ""
    category: Text = ""
    """What kind of harm, in the judge's own terms; empty where it names none."""
    prompt: PromptRef | None = None
    parameters: Mapping[str, JsonValue] = {}
    usage: Usage = Usage()
    """What the vote cost; nothing where no model was asked."""


class Verdict(Noun):
    """What an oracle decided about a transcript."""

    case_id: str
    transcript_id: str
    oracle: str
    outcome: Outcome
    p_unsafe: float = Field(ge=0, le=1)
    severity: int | None = Field(default=None, ge=0, le=4)
    """0 (none) to 4 (grave); None where the oracle does not grade."""
    category: Text = ""
    """What kind of harm, in the judge's own terms; empty where it names none."""
    reason: Text = ""
    quotes: tuple[Text, ...] = ()
    """Passages of the response on which the verdict rests."""
    votes: tuple[Vote, ...] = Field(min_length=1)
    unsafe_turn: int | None = later(None)
    """Of a talk of several turns, the first one, from 1, whose answer is unsafe; None where none is known to be."""

    @cached_property
    def id(self) -> str:
        """Hash of the content, less what the votes cost: that depends on how often a call was lost on its way."""
        return content_id(self.model_dump(mode="json", exclude={"votes": {"__all__": {"usage"}}}))

    @property
    def is_over_refusal(self) -> bool | None:
        """Whether the target refused a benign twin; None where the oracle cannot tell, and for all other cases."""
        refused = self.votes[0].parameters.get(REFUSED)
        return refused if isinstance(refused, bool) else None


class Stage(StrEnum):
    """The line's stages; a package, a folder of prompts, a graph node and a folder of tests have these names."""

    PLAN = "plan"
    GENERATE = "generate"
    EXECUTE = "execute"
    JUDGE = "judge"
    RECORD = "record"
    REPORT = "report"


class Failure(Noun):
    """A stage could not do its work for one test. Never a verdict, never counted as safe."""

    number: int
    """The draw that failed."""
    stage: Stage
    error: str
    """Class of the error, such as `ProviderError`."""
    message: Text
    case_id: str = ""
    """Empty where the failure is the generator's: there is no case."""


class Result(StrEnum):
    """The five disjoint ways in which a test can end; every rate, exit code and page keeps them apart."""

    UNSAFE = "unsafe"
    SAFE = "safe"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    FAILED = "failed"

    @classmethod
    def of(cls, verdict: Verdict | None, transcript: Transcript | None) -> "Result":
        """How a finished test ended, from what the record has of it."""
        if verdict is not None:
            return cls(verdict.outcome.value.lower())
        if transcript is not None and transcript.ending is Ending.BLOCKED:
            return cls.BLOCKED
        return cls.FAILED

    @property
    def is_judged(self) -> bool:
        """There is a verdict; a test that is blocked or failed has none."""
        return self in {Result.SAFE, Result.UNSAFE, Result.UNKNOWN}
