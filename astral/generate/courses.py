"""Talks instead of single requests: a case gets a course, as its cell's strategy and number of turns say."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from astral.assets import load_scripts
from astral.domain.ports import Generator
from astral.domain.records import AppliedTransform, Course, Message, TestCase
from astral.domain.space import Cell, Space, Value
from astral.errors import StageError, UserError
from astral.generate.screening import SLOT
from astral.generate.transforms.framing import last_request, transformed
from astral.generate.wrapping import Reworking

STRATEGY, TURNS = "strategy", "turns"
"""The two dimensions; either may be there without the other."""
SCRIPTED, ESCALATION = "scripted", "escalation"
_PART = "{part}"


@dataclass(frozen=True)
class Way:
    """A value of the dimension `strategy`, as its file has it."""

    name: str
    strategy: str
    """Who leads the talk."""
    turns: int
    """Where the dimension `turns` does not say."""
    lines: tuple[str, ...] = ()
    """The script, where the file brings one of its own."""

    @classmethod
    def of(cls, value: Value) -> "Way":
        """What a value's traits say.

        Raises:
            UserError: `turns` is no number, or `lines` are no texts.
        """
        traits = value.traits
        lines = traits.get("lines", [])
        turns = traits.get("turns", len(lines) if isinstance(lines, list) and lines else 3)
        if not isinstance(turns, int) or not isinstance(lines, list) or not all(isinstance(x, str) for x in lines):
            raise UserError(f"strategy {value.id!r}: `turns` is a number, and `lines` a list of texts.")
        strategy = str(traits.get("strategy", SCRIPTED if lines else value.id))
        return cls(value.id, strategy, turns, tuple(map(str, lines)))


class CourseGenerator(Reworking):
    """A generator whose cases are talks, where their cells say so."""

    def __init__(self, inner: Generator, space: Space) -> None:
        """Set it up.

        Args:
            inner: Writes the request that a talk is to lead to.
            space: Has the dimension `strategy`, or `turns`, or both.

        Raises:
            UserError: A value's file says what cannot be.
        """
        super().__init__(inner)
        strategies = space.by_id.get(STRATEGY)
        self._ways = {value.id: Way.of(value) for value in strategies.values} if strategies else {}
        numbers = space.by_id.get(TURNS)
        self._turns = {value.id: turns_of(value) for value in numbers.values} if numbers else {}

    def plain(self, cell: Cell) -> Cell:
        """The cell without how the talk goes: whoever writes the request need not know of it."""
        return Cell(values=tuple((name, value) for name, value in cell.values if name not in {STRATEGY, TURNS}))

    async def rework(self, draft: TestCase, cell: Cell, *, seed: int) -> TestCase:
        """The draft with its course.

        Raises:
            StageError: The script has fewer lines than the talk has turns, or the request is too short for pieces.
        """
        case = draft.model_copy(update={"cell": cell})
        way = self._ways.get(cell.get(STRATEGY, ""), Way(ESCALATION, SCRIPTED, 3))
        turns = self._turns.get(cell.get(TURNS, ""), way.turns)
        if turns == 1:
            return case
        place = last_request(case)
        messages = case.messages
        if way.strategy == SCRIPTED:
            script = way.lines or load_scripts(cell.get("language", "en")).get(way.name, ())
            cut = _cut(script, turns, way.name)
            lines = _filled(cut, messages[place].content)
            # The shipped scripts ask in their last line; one of the user's own may go on after it has asked.
            asking = (number for number, line in enumerate(cut, start=1) if SLOT in line)
            asks_in = next(asking, turns) if way.lines else turns
            messages = (*messages[:place], Message(role="user", content=lines[0]))
            course = Course(strategy=way.strategy, turns=turns, lines=lines, asks_in=asks_in)
        else:
            course = Course(strategy=way.strategy, turns=turns, asks_in=turns)
        step = AppliedTransform(name=f"{STRATEGY}:{way.name}", seed=seed, note={"turns": turns})
        return transformed(case, messages, step).model_copy(update={"course": course})


def turns_of(value: Value) -> int:
    """The number of turns that a value of the dimension `turns` stands for.

    Raises:
        UserError: Its file does not say.
    """
    turns = value.traits.get("turns")
    if not isinstance(turns, int) or turns < 1:
        raise UserError(f"turns {value.id!r}: its file says no number, such as `turns: 3`.")
    return turns


def _cut(script: Sequence[str], turns: int, name: str) -> list[str]:
    """So many lines of a script: the first ones, and the last."""
    if len(script) < turns:
        raise StageError(f"the script of strategy {name!r} has {len(script)} lines, for {turns} turns.")
    return [*script[: turns - 1], script[-1]]


def _filled(lines: Sequence[str], request: str) -> tuple[str, ...]:
    """The lines with the request, or its pieces, in their slots."""
    pieces = iter(_pieces(request, sum(_PART in line for line in lines)))
    return tuple(
        line.replace(_PART, next(pieces), 1) if _PART in line else line.replace(SLOT, request) for line in lines
    )


def _pieces(text: str, count: int) -> list[str]:
    """The text in so many pieces of about one length, cut between words, or between signs where there are no spaces."""
    units = text.split()
    has_words = len(units) >= count
    units = units if has_words else regex.findall(r"\X", text)
    if count and len(units) < count:
        raise StageError(f"the request is too short for {count} pieces.")
    joint = " " if has_words else ""
    cuts = [round(len(units) * place / max(1, count)) for place in range(count + 1)]
    return [joint.join(units[start:end]) for start, end in pairwise(cuts)]
