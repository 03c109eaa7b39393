"""How diverse composed cases are, beside the same number of rows of published static files.

    nice python benchmarks/case_diversity.py FOLDER [--rows 200] [--by-language] [--wordings 4]
    nice python benchmarks/case_diversity.py FOLDER --write
    nice python benchmarks/case_diversity.py FOLDER --spread

`--by-language` compares each language of MultiJail by itself, without an embedder. `--write` measures the files alone,
as the mean of twenty draws of each number of rows that reports embed, and writes what reports show beside their cases.
`--spread` tells by how much the Vendi score of a sample differs from draw to draw, by the size of the sample.

FOLDER holds harmbench_behaviors_text.csv (HarmBench, MIT), strongreject.csv (StrongREJECT, MIT), xstest_prompts.csv
(XSTest, CC-BY-4.0) and multijail.csv (MultiJail, MIT). Rows are drawn with a fixed seed; of XSTest the unsafe ones, of
MultiJail the same number in each of its ten languages. The composed cases beside them are in the same languages. No
text is printed.
"""

import argparse
import asyncio
import csv
import json
import random
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from astral import report
from astral.assets import load_taxonomy
from astral.config import Settings
from astral.domain.records import Draw, TestCase
from astral.domain.space import Cell
from astral.generate import WORDINGS, Composer, Gates, Screen, generate_all
from astral.providers import open_embedder
from astral.report.diversity import EMBEDDED, PUBLISHED_EMBEDDER, PUBLISHED_FILE, Diversity, diversity, vendi_score
from astral.workflow.space import space_of

FILES = {
    "harmbench_behaviors_text.csv": "Behavior",
    "strongreject.csv": "forbidden_prompt",
    "xstest_prompts.csv": "prompt",
}
MULTIJAIL = "multijail.csv"
LANGUAGES = ("en", "zh", "it", "vi", "ar", "ko", "th", "bn", "sw", "jv")
POOL, DRAWS = 160, 20
SPREAD_SIZES, SPREAD_DRAWS = (8, 16, 32, 64), 300
"""Rows of each file that are embedded, and how often some of them are drawn."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--by-language", action="store_true")
    parser.add_argument("--wordings", type=int, default=WORDINGS)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--spread", action="store_true")
    options = parser.parse_args()
    if options.write:
        write_published(options.folder)
        return
    if options.spread:
        print_spread(options.folder, options.wordings)
        return
    if options.by_language:
        by_language(options.folder / MULTIJAIL, options.rows, options.wordings)
        return
    dice = random.Random(0)
    english = {name: column_of(options.folder / name, column, options.rows, dice) for name, column in FILES.items()}
    each = options.rows // len(LANGUAGES)
    mixed = [text for language in LANGUAGES for text in column_of(options.folder / MULTIJAIL, language, each, dice)]
    print("| texts | languages | rows | Vendi | self-BLEU | distinct-1 | distinct-2 | distinct-3 |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for name, texts in english.items():
        show(name, "en", texts)
    show("astral, composed", "en", asyncio.run(composed({"en": options.rows}, options.wordings)))
    show(MULTIJAIL, "ten", mixed)
    show("astral, composed", "ten", asyncio.run(composed(dict.fromkeys(LANGUAGES, each), options.wordings)))


def write_published(folder: Path) -> None:
    """Write the diversity of published files into the package: numbers alone."""
    dice = random.Random(0)
    pools = pools_of(folder, dice)
    found: dict[int, dict[str, dict[str, Any]]] = {rows: {} for rows in sorted(EMBEDDED)}
    for name, pool in pools.items():
        vectors = open_embedder(PUBLISHED_EMBEDDER).embed(pool, kind="passage")
        for rows, by_file in found.items():
            draws = [dice.sample(range(len(pool)), rows) for _ in range(DRAWS)]
            by_file[name] = mean_of([diversity([pool[at] for at in drawn], vectors[drawn]) for drawn in draws])
    text = json.dumps(found, indent=1)
    (Path(report.__file__).with_name(PUBLISHED_FILE)).write_text(f"{text}\n", encoding="utf-8")


def pools_of(folder: Path, dice: random.Random) -> dict[str, list[str]]:
    """`POOL` rows of each file."""
    pools = {f"{name}, en": column_of(folder / name, column, POOL, dice) for name, column in FILES.items()}
    each = POOL // len(LANGUAGES)
    pools[f"{MULTIJAIL}, ten languages"] = [
        text for language in LANGUAGES for text in column_of(folder / MULTIJAIL, language, each, dice)
    ]
    return pools


def print_spread(folder: Path, wordings: int) -> None:
    """Print mean and standard deviation of the Vendi score of samples, by their size."""
    pools = pools_of(folder, random.Random(0))
    each: dict[str, int] = dict.fromkeys(LANGUAGES, POOL // len(LANGUAGES))
    pools["astral, composed, ten languages"] = asyncio.run(composed(each, wordings))
    print("| texts |", " | ".join(f"{size} of {POOL}" for size in SPREAD_SIZES), "|")
    print("|---|" + "---:|" * len(SPREAD_SIZES))
    for name, pool in pools.items():
        vectors, cells = open_embedder(PUBLISHED_EMBEDDER).embed(pool, kind="passage"), list[str]()
        for size in SPREAD_SIZES:
            draws = (random.Random(seed).sample(range(len(pool)), size) for seed in range(SPREAD_DRAWS))
            scores = [vendi_score(vectors[drawn]) for drawn in draws]
            cells.append(f"{fmean(scores):.2f} ± {stdev(scores):.2f}")
        print(f"| {name} |", " | ".join(cells), "|", flush=True)


def mean_of(draws: list[Diversity]) -> dict[str, Any]:
    """The mean of draws of as many rows."""
    return {
        "cases": draws[0].cases,
        "vendi": round(fmean(each.vendi or 1 for each in draws), 3),
        "vendi_cases": draws[0].cases,
        "self_bleu": round(fmean(each.self_bleu for each in draws), 4),
        "distinct": [round(fmean(shares), 4) for shares in zip(*(each.distinct for each in draws), strict=True)],
    }


def by_language(published: Path, rows: int, wordings: int) -> None:
    """Print self-BLEU of published and of composed texts, language by language."""
    print("| language | rows | multijail.csv | composed |")
    print("|---|---:|---:|---:|")
    for language in LANGUAGES:
        texts = (
            column_of(published, language, rows, random.Random(0)),
            asyncio.run(composed({language: rows}, wordings)),
        )
        shares = " | ".join(f"{diversity(each).self_bleu:.3f}" for each in texts)
        print(f"| {language} | {rows} | {shares} |", flush=True)


def column_of(path: Path, column: str, rows: int, dice: random.Random) -> list[str]:
    """So many texts of a file, drawn at random."""
    with path.open(encoding="utf-8", newline="") as file:
        texts = [row[column] for row in csv.DictReader(file) if row.get("label", "unsafe") == "unsafe" and row[column]]
    return dice.sample(texts, min(rows, len(texts)))


async def composed(wanted: Mapping[str, int], wordings: int) -> list[str]:
    """So many composed cases by language, in random cells, written as a run writes them."""
    space, _ = space_of(Settings())
    dice = random.Random(0)
    cells = [
        {part.id: dice.choice(part.values).id for part in space.dimensions} | {"language": language}
        for language, count in wanted.items()
        for _ in range(count)
    ]
    draws = [Draw(number=number, cell=Cell.model_validate(cell)) for number, cell in enumerate(cells)]
    written = await generate_all(
        draws,
        run_seed=0,
        generators=[Composer(load_taxonomy("astral-14"))],
        screen=Screen(Gates(wanted)),
        wordings=wordings,
    )
    return [made.request for made in written.results if isinstance(made, TestCase)]


def show(name: str, languages: str, texts: list[str]) -> None:
    """Print a row of the table."""
    found = diversity(texts, open_embedder().embed(texts, kind="passage"))
    distinct = " | ".join(f"{share:.3f}" for share in found.distinct)
    print(
        f"| {name} | {languages} | {found.cases} | {found.vendi:.2f} | {found.self_bleu:.3f} | {distinct} |", flush=True
    )


if __name__ == "__main__":
    main()
