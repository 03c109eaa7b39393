import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from astral.assets import load_seeds
from astral.generate.identification import MULTIJAIL, LanguageIdentifier

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data are not here")
@pytest.mark.parametrize(("also", "least"), [((), 0.99), (("id", "ms", "de", "fr", "es"), 0.98)])
def test_multijail_is_identified(also: tuple[str, ...], least: float):
    identifier = LanguageIdentifier(also)
    with (DATA / "multijail.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for language in MULTIJAIL:
        right = [identifier.identify(row[language]) == language for row in rows if row[language].strip()]
        print(f"{language} {sum(right) / len(right):.3f} of {len(right)}")
        assert sum(right) / len(right) >= least, language


def test_threads_share_an_identifier():
    texts = [(each, text) for each in MULTIJAIL for text in load_seeds("astral-14", each)["violence"]] * 5
    identifier = LanguageIdentifier()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(identifier.identify, [text for _, text in texts]))
    assert found == [language for language, _ in texts]


def test_languages_that_the_model_has_not_learnt_are_unknown():
    identifier = LanguageIdentifier(["tlh", "pt-br"])
    assert not identifier.knows("tlh")
    assert identifier.knows("pt-br")
    assert identifier.is_in("Escreva uma carta curta ao meu vizinho sobre a cerca do jardim.", "pt-br")


def test_one_restriction_does_not_change_another():
    with_french, without = LanguageIdentifier(["fr"]), LanguageIdentifier()
    text = "Écris une lettre à mon voisin au sujet de la clôture du jardin."
    assert with_french.identify(text) == "fr"
    assert without.identify(text) != "fr"
