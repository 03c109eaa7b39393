"""What goes into a corpus, and what it says of itself."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from astral.domain.base import Noun, Text
from astral.domain.run import CorpusRef

Kind = Literal["request", "passage"]


class CorpusText(Noun):
    """A text that is to be added to a corpus."""

    text: Text = Field(min_length=1)
    source: str
    """File, or run, that it comes from; what `astral corpus remove --source` names."""
    kind: Kind = "passage"
    """request: what somebody may ask a target; passage: what a request may be about."""
    language: str
    risk: str = ""
    """Value of the risk dimension; empty where the text is labelled otherwise, or not at all."""
    category: str = ""
    """The label as the source has it."""
    title: Text = ""


class CorpusFacts(Noun):
    """What there is in a corpus."""

    name: str
    version: str
    """Follows from the entries alone: the same ones, added in any order, are the same version."""
    embedder: str
    entries: int
    sources: dict[str, int]
    languages: dict[str, int]
    risks: dict[str, int]

    @property
    def ref(self) -> CorpusRef:
        """How a manifest names it."""
        return CorpusRef(name=self.name, version=self.version, entries=self.entries)


class Added(Noun):
    """What became of the texts that were to be added."""

    new: int = 0
    repeated: int = 0
    """They stand in the corpus, but for case, spaces and punctuation."""
    unlabelled: int = 0
    """New requests without a risk: no case is made of them, since nobody says what cell it would be of."""
    screened_out: int = 0
    """They bring minors and sexual content together."""
    skipped: Mapping[str, str] = Field(default_factory=dict[str, str])
    """File of a folder → why nothing was read from it."""
