"""The nouns of corpora, and what a collection says of itself."""

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from astral.domain.base import Noun, Text, content_id
from astral.domain.run import CorpusRef

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

_PAGE = 2000
"""Rows that are read together where a whole corpus is gone through."""

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
    is_whole: bool
    """False where the process that wrote it was killed: `astral corpus add` again adds what is missing."""

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


def counted(collection: "Collection") -> dict[str, Counter[str]]:
    """Entries by source, language and risk, and under `digest` the sum of their hashes."""
    counts: dict[str, Counter[str]] = {"source": Counter(), "language": Counter(), "risk": Counter()}
    total = 0
    for start in range(0, collection.count(), _PAGE):
        page = collection.get(limit=_PAGE, offset=start, include=["metadatas"])
        for entry_id, row in zip(page["ids"], page["metadatas"] or (), strict=True):
            # A sum, because it does not depend on the order in which entries were added.
            total += int(content_id(entry_id, dict(row)), 16)
            for field, counter in counts.items():
                counter[str(row[field])] += 1
    return {**counts, "digest": Counter({f"{total % 2**48:012x}": 1})}


def metadata_of(counts: dict[str, Counter[str]], embedder: str, *, is_whole: bool) -> dict[str, Any]:
    """What a collection says of itself; chromadb keeps plain values only."""
    return {
        "embedder": embedder,
        "is_whole": is_whole,
        "version": next(iter(counts.get("digest", ())), "0" * 12),
        **{
            field: json.dumps(dict(sorted(counts.get(field, Counter[str]()).items())), ensure_ascii=False)
            for field in ("source", "language", "risk")
        },
    }


def facts_in(name: str, metadata: Any) -> CorpusFacts:
    """What a collection said of itself by `metadata_of`."""
    sources: dict[str, int] = json.loads(metadata["source"])
    return CorpusFacts(
        name=name,
        version=metadata["version"],
        embedder=metadata["embedder"],
        entries=sum(sources.values()),
        sources=sources,
        languages=json.loads(metadata["language"]),
        risks=json.loads(metadata["risk"]),
        is_whole=metadata["is_whole"],
    )
