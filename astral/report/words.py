"""Numbers as people read them; terminal and pages use the same words."""

from collections.abc import Mapping, Sequence

from astral.domain.criterion import Criterion
from astral.domain.drafting import DraftEnd, GeneratorYield
from astral.domain.estimates import Estimate
from astral.domain.price import money
from astral.domain.records import Result
from astral.domain.run import RunStatus
from astral.report.change import Change
from astral.report.diversity import Beside, Diversity, DiversityFacts
from astral.report.evidence import EvidenceFacts
from astral.report.guards import GuardFacts
from astral.report.metrics import Metrics
from astral.report.over_refusal import OverRefusal, RefusalRate
from astral.report.statistics import CorrectedRate, Rate, UnbiasedRate
from astral.report.summary import Counts, JudgeFacts, Summary

_SIGN = "\u00a0%"

RESULT_WORDS = {
    Result.UNSAFE: "The target answered in a way that the policy forbids.",
    Result.SAFE: "The target declined, or answered harmlessly.",
    Result.UNKNOWN: "The oracle saw the answer and cannot tell.",
    Result.BLOCKED: "A filter of the provider stopped it; the model was not seen.",
    Result.FAILED: "Astral could not do its work; says nothing about the target.",
}
"""What a result means."""

STATUS_WORDS = {
    RunStatus.RUNNING: ("under way", "or killed: `astral resume` goes on"),
    RunStatus.MET: ("criterion met", "every interaction was judged"),
    RunStatus.INCOMPLETE: ("incomplete", "the budget ended first; `astral resume` goes on"),
    RunStatus.EXHAUSTED: ("exhausted", "what is open failed or was blocked as often as allowed"),
    RunStatus.INTERRUPTED: ("interrupted", "`astral resume` goes on"),
    RunStatus.FAILED: ("failed", "the log says why; `astral resume` tries again"),
}
"""What a status is called, and what it means or asks for."""

YIELD_WORDS = {
    DraftEnd.ACCEPTED: "accepted",
    DraftEnd.REJECTED: "rejected by a gate",
    DraftEnd.REFUSED: "refused",
    DraftEnd.MALFORMED: "malformed",
    DraftEnd.FAILED: "failed",
    DraftEnd.NOTHING: "nothing to write from",
}
"""What became of drafts."""


def percent(fraction: float) -> str:
    """A fraction as a percentage; whole, but where a whole number would hide what is near 0 or 1."""
    hundredths = 100 * fraction
    if 0 < hundredths < 0.05:  # noqa: PLR2004 - would round to 0.0
        return "<0.1" + _SIGN
    if 99.95 <= hundredths < 100:  # noqa: PLR2004 - would round to 100.0
        return ">99.9" + _SIGN
    digits = 0 if 1 <= hundredths <= 99 else 1  # noqa: PLR2004 - percentages near the ends
    return f"{hundredths:.{digits}f}".removesuffix(".0") + _SIGN


def interval(rate: Rate | UnbiasedRate | CorrectedRate) -> str:
    """The 95 % interval of a rate, such as `48 to 64 %`."""
    return f"{percent(rate.low).removesuffix(_SIGN)} to {percent(rate.high)}"


def rate_text(rate: Rate | UnbiasedRate | CorrectedRate) -> str:
    """The rate with its interval, or that there is none."""
    return "nothing decided" if rate.fraction is None else f"{percent(rate.fraction)} ({interval(rate)})"


def diversity_text(facts: DiversityFacts) -> str:
    """How different the cases are, in one line."""
    found = facts.overall
    vendi = "" if found.vendi is None else f"Vendi score {vendi_text(found)}, "
    cases = f"{quantity(found.cases, 'case')}{' drawn at random' if facts.is_sample else ''}"
    distinct = ", ".join(f"{share:.2f}" for share in found.distinct)
    return f"{vendi}self-BLEU {found.self_bleu:.2f}, distinct-1, -2, -3 {distinct}, of {cases}"


def vendi_text(found: Diversity) -> str:
    """The Vendi score, and of how many cases it is where that is not all."""
    if found.vendi is None:
        return "–"
    return f"{found.vendi:.2f}" + ("" if found.vendi_cases == found.cases else f" (of {found.vendi_cases})")


BESIDE_TEXT = (
    "Some of the cases, beside the mean of as many rows drawn from static files that others published; more languages "
    "share fewer words."
)


def beside_rows(found: Beside) -> Sequence[tuple[str, Diversity]]:
    """This run's cases and the published files, by name."""
    return [("this run", found.ours), *found.published.items()]


def over_refusal_text(found: OverRefusal) -> str:
    """How often benign twins were refused, in one line."""
    rate = found.rate
    parts = [(found.unclear, "unclear"), (found.blocked, "blocked"), (found.failed, "failed")]
    rest = ", ".join(f"{number}\u00a0{word}" for number, word in parts if number)
    besides = f"; besides {rest}" if rest else ""
    if rate.fraction is None:
        return f"no benign twin was judged{besides}"
    return f"{rate.refused} of {quantity(rate.judged, 'benign twin')} refused: {refusal_rate_text(rate)}{besides}"


def guard_text(found: GuardFacts) -> str:
    """What a guard in front of the target did, in one line."""
    sides = ((found.prompts, "prompts"), (found.answers, "answers"))
    parts = ["flagged " + " and ".join(f"{each.flagged} of {each.of} {name}" for each, name in sides if each.of)]
    if found.stopped:
        parts.append(f"stopped {quantity(found.stopped, 'test')}, which nobody judged")
    judged = ((found.unsafe, "unsafe"), (found.safe, "safe"))
    told = " and ".join(f"{each.flagged} of {each.of} that were {name}" for each, name in judged if each.of)
    parts += [f"among what was judged, {told}"] if told else []
    parts += [f"{found.twins.flagged} of {found.twins.of} benign twins"] if found.twins.of else []
    return "; ".join(parts)


def refusal_rate_text(rate: RefusalRate) -> str:
    """A false refusal rate with its interval."""
    if rate.fraction is None:
        return "nothing judged"
    return f"{percent(rate.fraction)} ({percent(rate.low).removesuffix(_SIGN)} to {percent(rate.high)})"


def headline(summary: Summary) -> str:
    """The sentence that a person wants first."""
    rate = summary.rate
    if rate.fraction is None:
        return f"No answer was decided in {quantity(summary.counts.total, 'finished test')}: nothing is known yet."
    were = "was" if 1 in {rate.unsafe, rate.decided} else "were"
    return f"{rate.unsafe} of {quantity(rate.decided, 'decided answer')} {were} unsafe: {rate_text(rate)}."


ALIKE = "as if every cell had been tested alike"
"""What a rate is that was freed from the bias of a search."""


def alike_text(summary: Summary) -> str:
    """The rate freed from the bias of the search; empty where there was no search."""
    return f"{rate_text(summary.told_rate)} unsafe, {ALIKE}" if summary.unbiased_rates else ""


def metric_texts(metrics: Metrics) -> dict[str, str]:
    """The metrics that there are, by what they are called."""
    told: dict[str, str] = {}
    if metrics.cosa_score:
        told["CoSA-Score"] = (
            f"{_signed(metrics.cosa_score)}: 1 helps always and safely, 0 refuses all, -1 helps to harm"
        )
    if metrics.severity_weighted_rate:
        found = metrics.severity_weighted_rate
        span = f"{percent(found.low).removesuffix(_SIGN)} to {percent(found.high)}"
        told["Severity"] = f"{percent(found.value or 0.0)} ({span}) unsafe, where severity 4 counts one and 1 a quarter"
    if metrics.resource_disparity:
        found = metrics.resource_disparity
        told["Disparity"] = (
            f"{_signed(found.difference, 100)} points of unsafe rate from languages of {found.more} resources to those "
            f"of {found.less}, {found.languages} languages"
        )
    return told


def _signed(estimate: Estimate, factor: int = 1) -> str:
    digits = 2 if factor == 1 else 0
    value, low, high = (
        f"{factor * number:+.{digits}f}" for number in (estimate.value or 0.0, estimate.low, estimate.high)
    )
    return f"{value} ({low} to {high})"


def corrected_rate_text(rate: CorrectedRate | None) -> str:
    """A corrected rate with its interval, or that nothing is known."""
    return "–" if rate is None else rate_text(rate)


def corrected_text(rate: CorrectedRate) -> str:
    """The rate freed from the judge's errors, and how that was done."""
    shown = corrected_rate_text(rate)
    labels = f"{rate.labels:,}".replace(",", "\u202f")
    how = {
        "stratified audit": f"a stratified audit: people labelled {labels} of these answers",
        "stratified audit with calibration": f"a stratified audit: people labelled {labels} of these answers, and the "
        "calibration says how much the judge misses",
        "Rogan-Gladen": f"Rogan and Gladen's formula, from the calibration on {labels} other answers",
        "prediction-powered": f"prediction-powered inference from {labels} labels",
    }[rate.method]
    return f"{shown} of the judged answers are unsafe after correction for the judge's errors by {how}"


def change_text(change: Change) -> str:
    """What changed since the last run on the same target, in one line."""
    since = f"since {change.run_id}"
    if not change.cells:
        return f"{since}: no cell was decided in both, so nothing can be compared"
    shift, low, high = (round(100 * part) for part in (change.difference, change.low, change.high))
    sure = "more" if change.low > 0 else "fewer" if change.high < 0 else "no sure difference"
    text = (
        f"{since}, on {quantity(change.cells, 'cell')} decided in both: {change.before} → {change.after} unsafe, "
        f"{shift:+d} points ({low:+d} to {high:+d}): {sure}; {change.newly_unsafe} newly unsafe, "
        f"{change.newly_safe} newly safe"
    )
    return f"{text}; {change.other_judge} judged then" if change.other_judge else text


def judges_text(judges: Sequence[JudgeFacts]) -> str:
    """What the judges of a cascade or a jury did and cost."""
    return "; ".join(
        f"{one.judge}: {quantity(one.votes, 'vote')}, {percent(one.agreed / one.votes)} like the verdict"
        + (f", {quantity(one.usage.tokens, 'token')}" if one.usage.tokens else "")
        for one in judges
        if one.votes
    )


def undecided_text(counts: Counts) -> str:
    """What a rate leaves out, such as `2 unknown, 1 blocked`; empty where it leaves out nothing."""
    parts = [(counts.unknown, "unknown"), (counts.blocked, "blocked"), (counts.failed, "failed")]
    return ", ".join(f"{number}\u00a0{word}" for number, word in parts if number)


def rejected_text(rejected: Mapping[str, int]) -> str:
    """Drafts that were rejected, by gate, such as `7 duplicate, 2 language`; empty where none was."""
    return ", ".join(f"{number}\u00a0{gate.replace('_', ' ')}" for gate, number in rejected.items())


def yield_text(found: GeneratorYield) -> str:
    """What came of asking a generator, such as `12 cases from 5 calls (2.4 a call), 3 rejected`."""
    parts = [quantity(found.accepted, "case")]
    if found.cases_per_call is not None:
        parts[0] += f" from {quantity(found.calls, 'call')} ({found.cases_per_call:.2g} a call)"
    counts = {end: getattr(found, end.value) for end in DraftEnd if end is not DraftEnd.ACCEPTED}
    return ", ".join([*parts, *(f"{number}\u00a0{YIELD_WORDS[end]}" for end, number in counts.items() if number)])


def quantity(number: int, thing: str) -> str:
    """A number with its noun, in the plural where it needs one."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}".replace(",", "\u202f")


def age(days: float) -> str:
    """How old something is, as one would say it."""
    if days < 1:
        return f"{round(24 * max(days, 0))}\u00a0h"
    months, years = 60, 730
    if days < months:
        return quantity(round(days), "day")
    return quantity(round(days / 30), "month") if days < years else quantity(round(days / 365), "year")


def evidence_text(facts: EvidenceFacts) -> str:
    """What cases were grounded on, and how old that is."""
    kinds = [(facts.web, "web passage"), (facts.documents, "passage of files"), (facts.requests, "request of corpora")]
    what = " and ".join(_plural(number, noun) for number, noun in kinds if number)
    text = f"{quantity(facts.cases, 'case')} grounded on {what}"
    if facts.median_age_days is not None and facts.oldest_age_days is not None:
        text += f"; the web's median age {age(facts.median_age_days)}, oldest {age(facts.oldest_age_days)}"
    if facts.undated:
        text += f", {facts.undated} undated"
    return text


def _plural(number: int, noun: str) -> str:
    """A number with a noun whose first word but one takes the plural: `2 passages of files`."""
    head, of, rest = noun.partition(" of ")
    return f"{quantity(number, head)}{of}{rest}"


def duration(seconds: float | None) -> str:
    """A span of time, rounded as one would say it."""
    if seconds is None:
        return "unknown"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def interactions_word(criterion: Criterion) -> str:
    """What the interactions of a criterion are called, in the plural."""
    if criterion.groups:
        return "combinations"
    strength = criterion.strength
    return {1: "single values", 2: "pairs", 3: "triples"}.get(strength, f"{strength}-way interactions")


def criterion_text(criterion: Criterion) -> str:
    """What a criterion asks for, such as `every pair of values judged 3 times`."""
    if criterion.groups:
        parts = [f"strength {group.strength} of {' × '.join(group.dimensions)}" for group in criterion.groups]
        covered = f"{', '.join(parts)}; all other values"
    else:
        words = {1: "every value", 2: "every pair of values", 3: "every triple of values"}
        covered = words.get(criterion.strength, f"every combination of {criterion.strength} values")
    text = f"{covered} judged{f' {criterion.repeats} times' if criterion.repeats > 1 else ''}"
    if criterion.precision:
        rates = " × ".join(criterion.precision.of) or "value"
        text += f"; the unsafe rate of every {rates} known within an interval of {criterion.precision.width:g}"
    if criterion.diversity:
        text += f"; requests of every risk {criterion.diversity.dispersion:g} apart"
    if criterion.must:
        text += f"; {quantity(len(criterion.must), 'cell')} tested before all else"
    return text


def short_title(summary: Summary) -> str:
    """The title of a page."""
    rate = summary.rate
    found = "nothing decided" if rate.fraction is None else f"{percent(rate.fraction)} unsafe"
    return f"{found} · {summary.run.run_id} · Astral"


def cost_text(summary: Summary) -> str:
    """What the run cost, and by role; empty where all of it ran here, or nothing is known.

    Such as `$0.42: attacker $0.02, target $0.10, judge $0.30`.
    """
    paid = {role: dollars for role, dollars in summary.dollars.items() if dollars != 0 and summary.usage[role].tokens}
    if all(dollars is None for dollars in paid.values()):
        return ""
    known = sum(dollars for dollars in paid.values() if dollars)
    parts = [f"{role} {'at no known price' if dollars is None else money(dollars)}" for role, dollars in paid.items()]
    return f"{money(known)}: {', '.join(parts)}"
