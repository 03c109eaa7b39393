"""Records → numbers, pictures and pages: the summary of a run, and the files in which people and programs read it.

`summarise` folds the record into a `Summary`; everything else here shows one. Texts of test cases and answers stand in
a page only where its maker asks for them by `reveal=True`.
"""

from astral.report.cases import writing_cases
from astral.report.diversity import diversity_of_run
from astral.report.folder import ReportFolder
from astral.report.html import render_html
from astral.report.markdown import render_markdown
from astral.report.statistics import Rate, UnbiasedRate, wilson_interval
from astral.report.summarising import summarise
from astral.report.summary import Group, Summary
from astral.report.text import to_json, visible
from astral.report.words import headline, percent

__all__ = [
    "Group",
    "Rate",
    "ReportFolder",
    "Summary",
    "UnbiasedRate",
    "diversity_of_run",
    "headline",
    "percent",
    "render_html",
    "render_markdown",
    "summarise",
    "to_json",
    "visible",
    "wilson_interval",
    "writing_cases",
]
