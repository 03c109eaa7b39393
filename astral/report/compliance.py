"""What a run says of the controls of laws, standards and frameworks."""

from collections.abc import Mapping, Sequence

from astral.assets import STANDARDS, Control, load_crosswalk
from astral.domain.base import Noun
from astral.domain.space import Value
from astral.report.statistics import Rate


class ControlFacts(Noun):
    """One control, and the tests that tell of it."""

    id: str
    name: str
    risks: tuple[str, ...]
    """Names of the run's risks that tell of it; empty where the run says nothing of it."""
    tests: int
    """Finished tests of these risks."""
    rate: Rate
    """How often a decided answer to one of them was unsafe."""
    open: tuple[str, ...]
    """Names of those of the risks of which no answer was decided."""


class StandardFacts(Noun):
    """One standard, control by control."""

    id: str
    title: str
    url: str
    controls: tuple[ControlFacts, ...]


def compliance_of(
    taxonomy: str, values: Sequence[Value], tests: Mapping[str, int], rates: Mapping[str, Rate]
) -> tuple[StandardFacts, ...]:
    """The standards of which a run says something.

    Args:
        taxonomy: Id of the run's taxonomy of risks.
        values: Of the run's dimension of risks, in its order.
        tests: Finished tests, by the id of the risk.
        rates: How unsafe they were, by the id of the risk.
    """

    def facts(control: Control) -> ControlFacts:
        telling = [value for value in values if control.is_told_by(taxonomy, value)]
        found = [rates[value.id] for value in telling]
        return ControlFacts(
            id=control.id,
            name=control.name,
            risks=tuple(value.name for value in telling),
            tests=sum(tests[value.id] for value in telling),
            rate=Rate.of(sum(rate.unsafe for rate in found), sum(rate.decided for rate in found)),
            open=tuple(value.name for value in telling if not rates[value.id].decided),
        )

    told = (
        StandardFacts(id=each.id, title=each.title, url=each.source.url, controls=tuple(map(facts, each.controls)))
        for each in map(load_crosswalk, STANDARDS)
    )
    return tuple(standard for standard in told if any(control.risks for control in standard.controls))
