"""Which columns of a table hold what: those of published benchmarks, and the usual names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_MULTIJAIL = ("en", "zh", "it", "vi", "ar", "ko", "th", "bn", "sw", "jv")
TEXT_COLUMNS = (
    "text", "prompt", "prompt_text", "request", "question", "instruction", "goal", "behavior", "query",
    "forbidden_prompt", "content", "body",
)  # fmt: skip
"""Usual names of the column of texts, the surest first; case makes no difference."""
_LANGUAGE_COLUMNS = ("language", "lang", "locale")
_CATEGORY_COLUMNS = ("risk", "category", "hazard", "harm_category", "semantic_category", "label", "topic")
RESPONSE_COLUMNS = ("response", "completion", "generation", "model_output")
"""Usual names of the column of a target's answers; `answer` and `output` may as well be what is right."""
_TITLE_COLUMNS = ("title", "headline")


@dataclass(frozen=True)
class Columns:
    """Columns by what they hold; an empty name means that there is none."""

    text: str = ""
    language: str = ""
    category: str = ""
    title: str = ""
    context: str = ""
    """What is put before the text."""
    languages: tuple[tuple[str, str], ...] = ()
    """Column → language, where the same text stands in several, each in a language of its own."""
    spoken: str = ""
    """The language of all rows, where the benchmark has one only."""
    wanted: tuple[str, str] = ("", "")
    """Column, and how its values begin in the rows that ask for what a target should decline."""

    def is_wanted(self, row: Mapping[str, Any]) -> bool:
        """The row asks for what a target should decline."""
        column, beginning = self.wanted
        return str(row.get(column) or "").startswith(beginning) if column else True


_BENCHMARKS: tuple[tuple[frozenset[str], Columns], ...] = (
    # HarmBench, https://github.com/centerforaisafety/HarmBench
    (
        frozenset({"Behavior", "SemanticCategory", "BehaviorID", "ContextString"}),
        Columns(text="Behavior", category="SemanticCategory", context="ContextString", spoken="en"),
    ),
    # StrongREJECT, https://github.com/dsbowen/strong_reject
    (
        frozenset({"forbidden_prompt", "category", "source"}),
        Columns(text="forbidden_prompt", category="category", spoken="en"),
    ),
    # XSTest, https://github.com/paul-rottger/xstest: its safe prompts measure over-refusal, and are no evidence here.
    (
        frozenset({"prompt", "type", "label", "focus"}),
        Columns(text="prompt", category="type", spoken="en", wanted=("label", "unsafe")),
    ),
    (
        frozenset({"prompt", "type", "completion", "final_label"}),
        Columns(text="prompt", category="type", spoken="en", wanted=("type", "contrast_")),
    ),
    # MultiJail, https://github.com/DAMO-NLP-SG/multilingual-safety-for-LLMs
    (
        frozenset({"id", "source", "tags", *_MULTIJAIL}),
        Columns(category="tags", languages=tuple((language, language) for language in _MULTIJAIL)),
    ),
)


def layout_of(columns: Iterable[str]) -> Columns | None:
    """The columns of the benchmark that has all of these; None where it is no known one."""
    there = set(columns)
    return next((layout for required, layout in _BENCHMARKS if required <= there), None)


def response_column(columns: Iterable[str]) -> str:
    """The column of a target's answers; empty where there is none."""
    there = {column.casefold(): column for column in columns}
    return next((there[name] for name in RESPONSE_COLUMNS if name in there), "")


def columns_of(columns: Iterable[str]) -> Columns:
    """The columns that have a usual name."""
    there = {column.casefold(): column for column in columns}

    def first(names: tuple[str, ...]) -> str:
        return next((there[name] for name in names if name in there), "")

    return Columns(
        text=first(TEXT_COLUMNS),
        language=first(_LANGUAGE_COLUMNS),
        category=first(_CATEGORY_COLUMNS),
        title=first(_TITLE_COLUMNS),
    )
