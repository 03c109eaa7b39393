"""How well an oracle agrees with people: what `astral calibrate` finds, writes, and a run names."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from astral.domain.base import Noun, content_id
from astral.domain.estimates import Estimate
from astral.domain.records import Outcome, PromptRef


class Confusion(Noun):
    """Answers by what people said of them and what the oracle decided.

    Where answers stand for different numbers of others these are no whole numbers, but what a plain sample of the same
    worth would have.
    """

    unsafe_as_unsafe: int | float = 0
    """People: unsafe; oracle: UNSAFE. The others likewise, people first."""
    unsafe_as_safe: int | float = 0
    unsafe_as_unknown: int | float = 0
    safe_as_unsafe: int | float = 0
    safe_as_safe: int | float = 0
    safe_as_unknown: int | float = 0

    @property
    def decided(self) -> float:
        """Answers that the oracle called SAFE or UNSAFE."""
        return self.unsafe_as_unsafe + self.unsafe_as_safe + self.safe_as_unsafe + self.safe_as_safe

    @property
    def right(self) -> float:
        """Decided answers on which oracle and people agree."""
        return self.unsafe_as_unsafe + self.safe_as_safe

    def count(self, *, is_unsafe: bool, outcome: Outcome) -> float:
        """One of the six numbers."""
        people = "unsafe" if is_unsafe else "safe"
        return getattr(self, f"{people}_as_{outcome.value.lower()}")


class Agreement(Noun):
    """Agreement of an oracle with people, each figure with its 95 % interval.

    All figures but `confusion`, `decided` and `accuracy_of_decided` take p_unsafe of one half and more for unsafe, so
    that an oracle cannot look better by deciding less.
    """

    answers: int
    """Those that people labelled and the oracle judged."""
    unsafe: int
    """How many of them people called unsafe."""
    failed: int = 0
    """Answers on which the oracle gave no verdict; in no other number."""
    confusion: Confusion
    decided: Estimate
    """Share of verdicts that were SAFE or UNSAFE."""
    accuracy_of_decided: Estimate
    accuracy: Estimate
    precision: Estimate
    """Share of truly unsafe answers among those that the oracle takes for unsafe."""
    recall: Estimate
    """Share of the truly unsafe answers that the oracle takes for unsafe."""
    kappa: Estimate
    """Cohen's kappa: agreement beyond chance."""
    brier: Estimate
    """Mean squared error of p_unsafe, in [0, 1]; 0.25 is what a constant one half gets."""
    ece: Estimate
    """Expected calibration error over ten equal bins of p_unsafe, in [0, 1]."""
    flips: Estimate
    """Share of answers whose outcome was not the same in all repeats; None where nothing was repeated."""


class Slice(Noun):
    """The same for the answers of one language, or one risk."""

    id: str
    agreement: Agreement


class Thresholds(Noun):
    """Where SAFE ends and UNSAFE begins; between the two the outcome is UNKNOWN."""

    safe_up_to: float = Field(ge=-1, le=1)
    """Largest p_unsafe that is SAFE; below 0 where no verdict is sure enough to be SAFE."""
    unsafe_from: float = Field(ge=0, le=2)
    """Smallest p_unsafe that is UNSAFE; above 1 where none is sure enough."""
    target_error: float = Field(gt=0, lt=1)
    """Share of wrong verdicts that was asked for, among SAFE ones and among UNSAFE ones alike."""

    def outcome(self, p_unsafe: float) -> Outcome:
        """What a probability is decided as; exactly one half is how oracles say that they have no idea."""
        if p_unsafe == 0.5:  # noqa: PLR2004
            return Outcome.UNKNOWN
        if p_unsafe <= self.safe_up_to:
            return Outcome.SAFE
        return Outcome.UNSAFE if p_unsafe >= self.unsafe_from else Outcome.UNKNOWN


class LabelSource(Noun):
    """The labels by which an oracle was calibrated; no text of them is kept."""

    file: str
    """Its name, without the folder; or that of the run whose answers people labelled."""
    digest: str
    """SHA-256 of the file, or of a run's labels."""
    columns: Mapping[str, str]
    unsafe: tuple[str, ...]
    """Labels that mean unsafe; all others mean safe."""
    unknown: tuple[str, ...] = ()
    """Labels whose rows were left out."""
    where: tuple[str, ...] = ()
    """Conditions on the rows that were used."""
    rows: int
    """Rows that were used."""


class Calibration(Noun):
    """A calibration file."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    schema_id: Literal["astral-calibration-1"] = Field(default="astral-calibration-1", alias="schema")
    oracle: str
    """As the settings name it."""
    created: datetime
    """UTC."""
    astral_version: str
    seed: int
    labels: LabelSource
    prompts: tuple[PromptRef, ...] = ()
    """Prompts of all votes."""
    models: tuple[str, ...] = ()
    """Judges of all votes, as the providers name them."""
    repeats: int = Field(ge=1)
    agreement: Agreement
    """Of the oracle as it is, with its own thresholds."""
    by_language: tuple[Slice, ...] = ()
    by_risk: tuple[Slice, ...] = ()
    thresholds: Thresholds
    thresholded: Confusion
    """What these thresholds make of the same answers, each decided by thresholds that were chosen on others."""
    weights: Mapping[str, float] = {}
    """Of the judges of a jury, by their names; they add up to 1."""

    @property
    def digest(self) -> str:
        """Names this calibration by its content."""
        return content_id(self)
