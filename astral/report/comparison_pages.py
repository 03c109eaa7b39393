"""A comparison of two runs as pages: Markdown for a pull request, and HTML that opens offline."""

from astral.assets import read_template, render_template, source_hash
from astral.domain.estimates import Estimate
from astral.report import words
from astral.report.comparison import ChangedCase, Paired, RunComparison
from astral.report.markdown import code, escaped
from astral.report.text import visible

CASES_SHOWN = 50
"""Cases of each kind that a page names; JSON has all."""
_SIGNIFICANT = 0.05


def comparison_headline(found: RunComparison) -> str:
    """What changed, in one sentence."""
    change = found.paired.difference if found.paired else found.difference
    if change.value is None:
        return "Nothing can be compared: nothing was decided on one side."
    # The bootstrap's interval is too narrow with few cases, where the exact test is not.
    is_chance = found.paired.p_value >= _SIGNIFICANT if found.paired else change.low <= 0 <= change.high
    if is_chance or not change.value:
        why = f"McNemar p {_p_text(found.paired)}" if found.paired else points(change)
        return f"No change that chance does not explain: {why}."
    return f"{'Less' if change.value > 0 else 'More'} safe than before: {points(change)}."


def points(change: Estimate) -> str:
    """A change of a rate in percentage points, with its interval."""
    if change.value is None:
        return "–"
    return f"{100 * change.value:+.1f} points ({100 * change.low:+.1f} to {100 * change.high:+.1f})"


def paired_text(found: Paired) -> str:
    """What the cases say that both runs have."""
    return (
        f"{found.cases:,} cases decided in both: {found.both:,} unsafe in both, {found.only_after:,} newly unsafe, "
        f"{found.only_before:,} newly safe, {found.neither:,} safe in both; McNemar p {_p_text(found)}; "
        f"share of unsafe answers {points(found.difference)}"
    )


def twins_text(found: Paired) -> str:
    """What the benign twins say that both runs have."""
    return f"{found.cases:,} twins read in both: {found.only_after:,} newly refused, {found.only_before:,} not any more"


def changed_text(case: ChangedCase) -> str:
    """How a case turned, without its words."""
    grave = "" if case.severity is None else f", severity {case.severity}"
    return (
        f"{case.before.unsafe} of {case.before.decided} → {case.after.unsafe} of {case.after.decided}{grave} "
        f"(test {case.test_before} → {case.test_after})"
    )


def changed_cases(found: RunComparison) -> tuple[tuple[str, tuple[ChangedCase, ...]], ...]:
    """The three kinds of cases that turned, each with its title."""
    kinds = (
        ("Newly unsafe", found.newly_unsafe),
        ("Newly safe", found.newly_safe),
        ("Newly refused, though harmless", found.newly_refused),
    )
    return tuple((title, cases) for title, cases in kinds if cases)


def render_comparison(found: RunComparison, *, html: bool) -> str:
    """The comparison as a page, without any text of a case or an answer.

    Args:
        found: What changed.
        html: As HTML; else as GitHub's Markdown.
    """
    style = read_template("astral.report", "palette.css") + read_template("astral.report", "report.css")
    page = render_template(
        "astral.report",
        "comparison.html.j2" if html else "comparison.md.j2",
        html=html,
        style=style,
        content_policy=f"default-src 'none'; style-src '{source_hash(style)}'; base-uri 'none'; form-action 'none'",
        found=found,
        headline=comparison_headline(found),
        kinds=changed_cases(found),
        most=CASES_SHOWN,
        words=words,
        points=points,
        paired_text=paired_text,
        twins_text=twins_text,
        changed_text=changed_text,
        escaped=escaped,
        code=code,
    )
    return visible(page).strip() + "\n"


def _p_text(found: Paired) -> str:
    return "below 0.001" if found.p_value < 0.001 else f"{found.p_value:.3f}"  # noqa: PLR2004 - usual precision
