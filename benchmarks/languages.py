"""How well the language gate tells languages apart: `python benchmarks/languages.py ../shared/data/multijail.csv`.

Prints, in one run: by language the share of its texts that pass as it; by rule the least and the mean of these, and the
pair of languages whose texts pass most often for each other. The rules are the model's own guess among all that it has
learnt, its guess among the ten languages only (the baseline), and the gate.
"""

import argparse
import csv
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from py3langid.langid import MODEL_FILE
from py3langid.langid import LanguageIdentifier as Model

from astral.generate.identification import MULTIJAIL, LanguageIdentifier

FURTHER = Path(__file__).parents[1] / "tests" / "generate" / "further_languages.csv"
Rule = Callable[[str, str], bool]


def rules() -> Mapping[str, Rule]:
    """Text, language → whether it passes."""
    free, among_ten = (Model.from_model_file(MODEL_FILE, norm_probs=True) for _ in range(2))
    among_ten.set_languages(sorted(MULTIJAIL))
    gate = LanguageIdentifier()
    return {
        "py3langid among the ten": lambda text, language: among_ten.classify(text)[0] == language,
        "py3langid among all": lambda text, language: free.classify(text)[0] == language,
        "the gate": gate.is_in,
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("multijail", type=Path)
    told = parser.parse_args()
    with told.multijail.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts = {language: [row[language] for row in rows if row[language].strip()] for language in MULTIJAIL}
    print(f"{sum(map(len, texts.values())):,} texts in {len(texts)} languages\n")
    print(f"{'accepted':26}" + "".join(f"{language:>7}" for language in MULTIJAIL) + f"{'mean':>8}{'least':>7}")
    for name, passes in rules().items():
        start = time.perf_counter()
        accepted = [share(texts[language], language, passes) for language in MULTIJAIL]
        seconds = time.perf_counter() - start
        figures = "".join(f"{each:7.3f}" for each in accepted)
        print(f"{name:26}{figures}{sum(accepted) / len(accepted):8.4f}{min(accepted):7.3f}"
              f"   {1000 * seconds / sum(map(len, texts.values())):.2f} ms a text")  # fmt: skip
    print(f"\n{'wrongly accepted':26}{'mean':>8}   worst pairs")
    for name, passes in rules().items():
        wrong = {
            (one, other): share(texts[one], other, passes) for one in MULTIJAIL for other in MULTIJAIL if one != other
        }
        worst = sorted(wrong, key=lambda pair: -wrong[pair])[:3]
        told_pairs = ", ".join(f"{one} as {other} {wrong[one, other]:.3f}" for one, other in worst)
        print(f"{name:26}{sum(wrong.values()) / len(wrong):8.4f}   {told_pairs}")
    print_others(FURTHER)


def print_others(path: Path) -> None:
    """How many texts in further languages pass as one of the ten."""
    with path.open(encoding="utf-8") as file:
        others = [(row["language"], row["text"]) for row in csv.DictReader(file)]
    languages = len({language for language, _ in others})
    print(f"\nof {len(others)} texts in {languages} further languages, taken for one of the ten")
    for name, passes in rules().items():
        taken = [text for _, text in others if any(passes(text, language) for language in MULTIJAIL)]
        print(f"{name:26}{len(taken):5}")


def share(texts: Sequence[str], language: str, passes: Rule) -> float:
    """Share of the texts that pass as a language."""
    return sum(passes(text, language) for text in texts) / len(texts)


if __name__ == "__main__":
    main()
