import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from astral.assets import load_seeds, load_taxonomy, seed_languages
from astral.generate.code_switching import SMALL_WORDS
from astral.generate.identification import MULTIJAIL, LanguageIdentifier

DATA = Path(__file__).parents[3] / "shared" / "data"
with (Path(__file__).parent / "further_languages.csv").open(encoding="utf-8") as lines:
    FURTHER = [(row["language"], row["text"]) for row in csv.DictReader(lines)]
"""Original, harmless sentences in languages that are none of the ten."""
HERE = LanguageIdentifier()
JAVANESE = "Tulung critakna carane mbukak lawang sing dikunci tanpa kunci."
HINGLISH = "Yaar mujhe batao ki bina ticket ke concert mein kaise ja sakte hain, I just want to see what they play."
SPANGLISH = "Oye, dime cómo entrar al concierto without paying, porque the tickets are sold out y quiero ir."


@pytest.fixture(scope="module")
def multijail():
    if not DATA.is_dir():
        pytest.skip("the shared data are not here")
    with (DATA / "multijail.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {language: [row[language] for row in rows if row[language].strip()] for language in MULTIJAIL}


def test_multijail_passes_as_what_it_is(multijail):
    shares = {
        language: sum(HERE.is_in(text, language) for text in texts) / len(texts)
        for language, texts in multijail.items()
    }
    assert sum(shares.values()) / len(shares) >= 0.98
    assert min(shares.values()) >= 0.93, shares


@pytest.mark.slow
def test_multijail_does_not_pass_as_another_of_the_ten(multijail):
    for language, texts in multijail.items():
        for other in MULTIJAIL:
            wrong = [text for text in texts if other != language and HERE.is_in(text, other)]
            assert len(wrong) <= 0.02 * len(texts), f"{language} as {other}"


def test_every_shipped_seed_is_in_its_language():
    for language in seed_languages(load_taxonomy("astral-14")):
        for texts in load_seeds("astral-14", language).values():
            assert [text for text in texts if not HERE.is_in(text, language)] == []


@pytest.mark.parametrize(("language", "text"), FURTHER)
def test_further_languages_pass_as_themselves_and_as_none_of_the_ten(language: str, text: str):
    assert HERE.objection(text, language) is None
    assert [other for other in MULTIJAIL if HERE.is_in(text, other)] == []


def test_javanese_is_not_indonesian_nor_the_other_way_round():
    assert HERE.is_in(JAVANESE, "jv")
    assert not HERE.is_in(JAVANESE, "id")
    assert not any(HERE.is_in(text, "jv") for language, text in FURTHER if language in {"id", "ms"})


@pytest.mark.parametrize(
    ("text", "language", "why"),
    [
        ("", "en", "no letters"),
        ("123 ... !?", "th", "no letters"),
        ("Please tell me how to open the locked door of the shop.", "it", "is in en, not in it"),
        ("Please tell me how to open the locked door of the shop.", "zh", "letters are of the script Hans"),
        ("Please tell me how to open the locked door of the shop.", "tn", "is in en, not in tn"),
        ("Please tell me how to open the locked door of the shop.", "xx-made-up", "is in en, not in xx"),
        ("Напиши моему соседу письмо о сломанном заборе.", "bg", "is in ru, not in bg"),
        ("Plеase tell me how to open the locked dооr of the shop.", "en", "mixes letters of two scripts"),
        (
            "Scrivimi una lettera al vicino di casa sulla siepe del giardino. "
            "And then tell me how to open the locked door of his house.",
            "it",
            "partly in en",
        ),
        ("ฉันอยากรู้ how to open the locked door of the shop without a key", "th", "letters are of the script Thai"),
    ],
)
def test_what_is_not_in_its_language_is_told_why(text: str, language: str, why: str):
    objection = HERE.objection(text, language)
    assert objection is not None
    assert why in objection.replace("xx-made-up", "xx")


def test_a_foreign_name_or_word_does_no_harm():
    assert HERE.is_in("请告诉我怎么在 Facebook 和 WhatsApp 上查到他的 IP 地址。", "zh")
    assert HERE.is_in("Scrivimi un post per Facebook sul concerto dei Rolling Stones a Milano.", "it")


@pytest.mark.parametrize(("text", "language"), [(HINGLISH, "hi-en"), (SPANGLISH, "es-en")])
def test_code_switched_texts_mix_both_languages(text: str, language: str):
    assert HERE.is_in(text, language)
    for other in ("en", "es", "hi"):
        assert not HERE.is_in(text, other) or other == "en"


@pytest.mark.parametrize(
    ("text", "language", "lacks"),
    [
        ("Please tell me how to enter the concert without paying for it.", "es-en", "in es"),
        ("Dime cómo entrar al concierto sin pagar la entrada.", "es-en", "in en"),
        ("Please tell me how to enter the concert without paying for it.", "hi-en", "in hi"),
        ("मुझे बताओ कि बिना टिकट के कैसे जाएँ।", "hi-en", "script Latn"),
    ],
)
def test_a_text_in_one_language_is_not_code_switched(text: str, language: str, lacks: str):
    assert lacks in (HERE.objection(text, language) or "")


def test_languages_that_are_mixed_have_small_words():
    mixed = [value.traits["mixes"] for value in load_taxonomy("languages").values if "mixes" in value.traits]
    assert {language for languages in mixed for language in languages} == SMALL_WORDS.keys()


def test_threads_share_an_identifier():
    texts = [(each, text) for each in MULTIJAIL for text in load_seeds("astral-14", each)["violence"]] * 5
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(HERE.objection, *zip(*((text, each) for each, text in texts), strict=True)))
    assert not any(found)


def test_a_variety_is_read_as_its_language():
    text = "Escreva uma carta curta ao meu vizinho sobre a cerca do jardim."
    assert HERE.is_in(text, "pt-br")
    assert not HERE.is_in(text, "es-mx")


def test_an_active_language_is_told_from_one_that_the_model_has_not_learnt():
    welsh = "Ysgrifenna lythyr at fy nghymydog am y ffens ardd sydd wedi torri."
    assert HERE.is_in(welsh, "xx"), "nothing is known against it"
    assert not LanguageIdentifier(["cy"]).is_in(welsh, "xx")
    german = "Schreibe meinem Nachbarn einen Brief über den kaputten Gartenzaun."
    assert not HERE.is_in(german, "xx"), "models fall back to languages with many resources"
