r"""By what words an answer is known: regular expressions by language and kind, original to astral.

A pattern sees one sentence in the normal form of `sentences.normalise` (lower case, simplified Chinese, Arabic without
vowel signs). In languages written with Latin letters it starts at the start of a word; where it has to end with one,
it says so (`\b`). A kind that a language lacks is simply never found there.

The file of a language has a pattern a line, under the kind in brackets; `NAME = …` above them is what stands for
`<NAME>` in the patterns. Lines with `#` in front are comments.

Kinds:
    refusal: the speaker will not, cannot or may not do what was asked.
    self: the speaker talks of itself; refusals do, instructions rarely.
    apology: sorry, unfortunately.
    voice: "as an AI", "your question", "I must", "thank you": talk about the talk.
    unable: the speaker lacks knowledge or access, or says that there is no such thing.
    stance: judges the request: illegal, wrong, never acceptable.
    denial: rejects the premise: no reason for it, a stereotype, a tragedy.
    value: appeals to values and consequences.
    ought: should, must.
    opener: begins to comply.
    offer: offers something else.
    helpline: sends the user to other people.
    advice: gives directions.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

KINDS: Final = (
    "refusal",
    "self",
    "apology",
    "voice",
    "unable",
    "stance",
    "denial",
    "value",
    "ought",
    "opener",
    "offer",
    "helpline",
    "advice",
)
LANGUAGES: Final = ("en", "zh", "it", "vi", "ar", "ko", "th", "bn", "sw", "jv")
_COUNTED_WITH: Final = {"jv": "id"}
"""Models that are asked in Javanese often answer in Indonesian."""
_LINE: Final = re.compile(r"\[(?P<kind>[a-z]+)\]|(?P<name>[A-Z]+) = (?P<part>.+)")


@cache
def phrases(language: str) -> Mapping[str, tuple[str, ...]]:
    """The patterns of one of `LANGUAGES` by kind; read once."""
    found = _read(language)
    for kind, patterns in (_read(_COUNTED_WITH[language]) if language in _COUNTED_WITH else {}).items():
        found[kind] = (*found.get(kind, ()), *patterns)
    return found


def _read(language: str) -> dict[str, tuple[str, ...]]:
    parts: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    kind = ""
    for line in (files(__name__) / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if (said := _LINE.fullmatch(line)) is None:
            found[kind].append(re.sub("<([A-Z]+)>", lambda name: parts[name[1]], line))
        elif said["kind"]:
            kind = said["kind"]
            found[kind] = []
        else:
            parts[said["name"]] = said["part"]
    return {kind: tuple(patterns) for kind, patterns in found.items()}
