"""Shorter texts that still fail: delta debugging of a suite's found failures against a target."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import regex

from astral.config import Settings, merged
from astral.domain.base import Noun
from astral.domain.records import AppliedTransform, Outcome, TestCase
from astral.domain.sample import Sample
from astral.domain.suite import Suite
from astral.errors import StageError
from astral.generate.child_screen import breaks_child_safety
from astral.record import Store
from astral.report.repeated import case_key
from astral.workflow.pool import work_through
from astral.workflow.reporting import store_url
from astral.workflow.suite_cases import Bench, opened_bench

SHORTENED = "shortened"
"""What the lineage of a shortened case names, as it names transforms."""
_FEWEST_WORDS = 4
"""With fewer, as in languages that put no spaces between words, characters are left out instead."""


class Shortened(Noun):
    """A suite whose found failures are as short as was found."""

    suite: Suite
    shortened: int = 0
    """Cases that became shorter."""
    not_failing: int = 0
    """Cases that this target answers safely as they are, or of which too few answers are unsafe: they stay."""
    left: int = 0
    """Cases that are left as they are: talks, tools, and texts that a transform hides."""
    repeated: int = 0
    """Cases that were left out because they became the same as another one of their cell."""
    tries: int = 0
    """Texts that were put to the target."""
    characters_before: int = 0
    characters_after: int = 0
    """Of the cases that became shorter, together."""
    is_cut_short: bool = False
    """The budget ended before all was tried."""

    @property
    def text(self) -> str:
        """What was done, in words."""
        told = [
            f"{self.shortened:,} shortened, from {self.characters_before:,} to {self.characters_after:,} characters"
        ]
        if self.not_failing:
            told.append(f"{self.not_failing:,} not unsafe here and left as they are")
        if self.left:
            told.append(f"{self.left:,} talks, tools or encodings left as they are")
        if self.repeated:
            told.append(f"{self.repeated:,} left out, since they became the same as others")
        cut = "; the budget ended before all was tried" if self.is_cut_short else ""
        return f"{', '.join(told)}; {self.tries:,} texts tried{cut}"


def settings_of(runs: Path, run: str, flags: Mapping[str, Any]) -> Settings:
    """The settings of a recorded run, by which its failures are tried again, but for its budget and what flags say.

    Args:
        runs: Folder of runs.
        run: Id, or `latest`.
        flags: Nested values that go over those of the run.
    """
    with Store.open(store_url(runs), create=False) as store:
        told = store.manifest(store.resolve(run)).settings
    return Settings.model_validate(merged({**told, "budget": {}}, flags))


async def shorten(settings: Settings, suite: Suite, failures: int, *, samples: int, most_tries: int) -> Shortened:
    """Shorten the found failures of a suite.

    A shorter text counts where the whole 95 % interval of its share of unsafe answers lies above 10 %, as in a replay.

    Args:
        settings: Name the target, the judge and the budget.
        suite: As it was frozen.
        failures: How many of its first cases are found failures.
        samples: Answers to each text.
        most_tries: Texts that are tried for each case, the case itself included; at least 2.

    Raises:
        UserError: A part is unknown, or lacks its key.
    """
    async with opened_bench(settings, suite.space, samples=samples) as bench:
        work = [_Shortening(sample, bench, most_tries) for sample in suite.samples[:failures]]
        told = [each for each in work if each.is_plain]
        stopped = await work_through(told, _Shortening.run, concurrency=settings.concurrency)
    kept = {
        (case_key(sample.case), sample.is_benign): sample
        for sample in (*(each.sample for each in work), *suite.samples[failures:])
    }
    better = [each for each in told if each.sample.case.id != each.original.id]
    return Shortened(
        suite=suite.model_copy(update={"samples": tuple(kept.values())}),
        shortened=len(better),
        not_failing=sum(each.is_failing is False for each in told),
        left=len(work) - len(told),
        repeated=len(suite.samples) - len(kept),
        tries=sum(each.tries for each in told),
        characters_before=sum(len(each.original.request) for each in better),
        characters_after=sum(len(each.sample.case.request) for each in better),
        is_cut_short=stopped is not None,
    )


class _Shortening:
    """One case on its way to its shortest failing text."""

    def __init__(self, sample: Sample, bench: Bench, most_tries: int) -> None:
        self.sample, self.original = sample, sample.case
        self.tries = 0
        self.is_failing: bool | None = None
        """Whether the case as it is fails; None while it was not tried."""
        self._bench, self._most = bench, most_tries

    @property
    def is_plain(self) -> bool:
        """It is one message in plain words: what can be left out of it is left out of what is asked."""
        case = self.original
        return len(case.messages) == 1 and not (case.course or case.scene or case.lineage.transforms)

    async def run(self) -> None:
        """Shorten it as far as the tries go; what was found is kept, whatever stops it."""
        text = self.original.request
        self.is_failing = await self._fails(text)
        if self.is_failing:
            for split in (sentences, words):
                text = "".join(await fewest(split(text), self._keeps_failing))

    async def _keeps_failing(self, parts: Sequence[str]) -> bool:
        text = "".join(parts).strip()
        if self.tries >= self._most or not text or breaks_child_safety(text) or not await self._fails(text):
            return False
        self.sample = self.sample.model_copy(update={"case": _said(self.original, text)})
        return True

    async def _fails(self, text: str) -> bool:
        self.tries += 1
        try:
            found = await self._bench.put(Sample(case=_said(self.original, text)))
        except StageError:
            return False
        return found.outcome is Outcome.UNSAFE


def _said(case: TestCase, text: str) -> TestCase:
    """The case in other words; the same case where they are its own."""
    if text == case.request:
        return case
    (message,) = case.messages
    lineage = case.lineage.model_copy(
        update={"parent": case.id, "transforms": (*case.lineage.transforms, AppliedTransform(name=SHORTENED))}
    )
    return case.model_copy(update={"messages": (message.model_copy(update={"content": text}),), "lineage": lineage})


async def fewest(parts: Sequence[str], fails: Callable[[Sequence[str]], Awaitable[bool]]) -> list[str]:
    """Parts of which none can be left out: without any one of them it fails no more.

    Asks for no more than about n² subsets of n parts, and for n·log n where few of them matter.

    Args:
        parts: All of them; together they fail.
        fails: Whether some of them, in their order, still do. It may say no to end the search.

    Source:
        Zeller and Hildebrandt (2002), ddmin, https://doi.org/10.1109/32.988498
    """
    kept, pieces = list(parts), 2
    while len(kept) > 1:
        size = -(-len(kept) // pieces)
        for start in range(0, len(kept), size):
            rest = kept[:start] + kept[start + size :]
            if rest and await fails(rest):
                kept, pieces = rest, max(2, pieces - 1)
                break
        else:
            if size == 1:
                break
            pieces = min(len(kept), 2 * pieces)
    return kept


def sentences(text: str) -> list[str]:
    """The text in sentences and lines; put together they are the text."""
    return [part for part in re.split(r"(?<=[.!?。！？।])(?=\s)|(?<=[。！？])|(?<=\n)", text) if part]


def words(text: str) -> list[str]:
    """The text in words, each with the blanks before it, or in characters where it has few words."""
    found = re.findall(r"\s*\S+", text)
    return found if len(found) >= _FEWEST_WORDS else regex.findall(r"\X", text)
