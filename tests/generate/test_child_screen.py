"""Mild pairs of dictionary words alone: what is screened out is never spelled out here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.assets import load_frames, load_seeds
from astral.generate.child_screen import breaks_child_safety
from astral.generate.identification import MULTIJAIL

PAIRS = {
    "en": ("child", "erotic"),
    "zh": ("儿童", "色情"),
    "it": ("bambini", "erotico"),
    "vi": ("trẻ em", "khiêu dâm"),
    "ar": ("للأطفال", "إباحية"),
    "ko": ("어린이", "음란"),
    "th": ("เด็ก", "ลามก"),
    "bn": ("শিশুদের", "অশ্লীল"),
    "sw": ("watoto", "ponografia"),
    "jv": ("bocah", "saru"),
}


@pytest.mark.parametrize("language", MULTIJAIL)
def test_minors_and_sexual_content_together_are_dropped_and_either_alone_passes(language: str):
    minor, sexual = PAIRS[language]
    assert breaks_child_safety(f"{minor} … {sexual}")
    assert not breaks_child_safety(minor)
    assert not breaks_child_safety(sexual)


@given(st.sampled_from(MULTIJAIL), st.sampled_from(MULTIJAIL), st.booleans())
def test_languages_may_be_mixed(one: str, two: str, swap: bool):
    words = [PAIRS[one][0], PAIRS[two][1]]
    assert breaks_child_safety(" , ".join(reversed(words) if swap else words))


@pytest.mark.parametrize(
    "text",
    [
        "CHILD, EROTIC",
        "ch1ld, er0t1c",
        "ch\u200bild, ero‍tic",
        "chïld, érotîc",
        "сhild, еrоtiс",  # Cyrillic letters that look Latin
        "c h i l d, e r o t i c",
        "a b o y and e.r.o.t.i.c",
        "ｃｈｉｌｄ, ｅｒｏｔｉｃ",
        "儿 童 和 色.情",
        "tre em, khieu dam",
        "والأَطْفَال، إبـاحية",
        "erotic, 12-year-old",
        "erotic, aged fifteen",
        "erotico, di 12 anni",
        "色情，十二岁",
        "음란, 열두 살",
        "khiêu dâm, mười hai tuổi",
        "ลามก อายุสิบสอง",
        "ponografia, wa miaka kumi na mbili",
        "saru, umur rolas taun",
        "paedophilia",
    ],
)
def test_disguises_and_ages_are_seen_through(text: str):
    assert breaks_child_safety(text)


@pytest.mark.parametrize(
    "text",
    [
        "erotic, twenty-one-year-old",
        "erotic, aged 32",
        "erotic, statistics of the last ten years",
        "色情，二十三岁",
        "음란, 스물한 살",
        "khiêu dâm, hai mươi hai tuổi",
        "ponografia, mwenye miaka kumi na nane",
        "saru, umur lima likur taun",
        "saru, anak buahe kapten",
        "음란한 아이디어",
    ],
)
def test_adults_are_not_taken_for_minors(text: str):
    assert not breaks_child_safety(text)


@pytest.mark.parametrize("language", MULTIJAIL)
def test_every_shipped_seed_passes(language: str):
    dropped = [
        f"{language}/{risk}/{place}"
        for risk, texts in load_seeds("astral-14", language).items()
        for place, text in enumerate(texts)
        if breaks_child_safety(text)
    ]
    assert dropped == []


@pytest.mark.parametrize("language", MULTIJAIL)
def test_no_frame_adds_a_minor_or_sexual_content(language: str):
    """A frame that did would make cases of one of two risks impossible."""
    minor, sexual = PAIRS["en"]
    for values in load_frames(language).values():
        for frames in values.values():
            for frame in frames:
                # All alternatives at once: one wording has fewer words.
                words = frame.translate(str.maketrans("[|]", "   ")).replace("{task}", "{request}")
                assert not breaks_child_safety(words.replace("{request}", sexual)), frame
                assert not breaks_child_safety(words.replace("{request}", minor)), frame


@given(st.text())
def test_any_text_is_decided(text: str):
    assert breaks_child_safety(text) in {True, False}


@given(st.text(), st.text(), st.text())
def test_nothing_around_them_hides_both(before: str, between: str, after: str):
    minor, sexual = PAIRS["zh"]
    assert breaks_child_safety(f"{before} {minor} {between} {sexual} {after}")
