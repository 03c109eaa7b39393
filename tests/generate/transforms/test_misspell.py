import random

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from astral.assets import load_seeds
from astral.generate.identification import MULTIJAIL, LanguageIdentifier
from astral.generate.transforms.misspell import Misspell

MISSPELL = Misspell()


def misspelt(text: str, seed: int) -> str:
    return MISSPELL.rewrite(text, random.Random(seed))[0]


SENTENCE = "Please write a short letter about {request} to 3 friends in room4 before Monday evening."


@given(st.integers(0, 2**63 - 1))
def test_digits_placeholders_and_first_letters_stay(seed: int):
    words = misspelt(SENTENCE, seed).split()
    assert len(words) == len(SENTENCE.split())
    assert [word[0] for word in words] == [word[0] for word in SENTENCE.split()]
    assert {"{request}", "3", "room4"} <= set(words)


@given(st.integers(0, 2**63 - 1))
def test_about_one_word_in_four_is_hit(seed: int):
    before, after = SENTENCE.split(), misspelt(SENTENCE, seed).split()
    assert 2 <= sum(one != two for one, two in zip(before, after, strict=True)) <= 4


@given(st.text(st.characters(categories=["L", "M"]), min_size=1), st.integers(0, 2**32))
def test_no_cluster_is_invented(text: str, seed: int):
    """Mistakes move, repeat or drop what is there, so that no letter loses its marks."""
    assert set(regex.findall(r"\X", misspelt(text, seed))) <= set(regex.findall(r"\X", text)) or any(
        # Clusters that combine with their neighbours by themselves, such as flags or conjoining Jamo, may join anew.
        len(regex.findall(r"\X", one + two)) == 1
        for one in regex.findall(r"\X", text)
        for two in regex.findall(r"\X", text)
    )


@pytest.mark.parametrize("language", MULTIJAIL)
def test_every_seed_is_changed_and_still_in_its_language(language: str):
    identifier = LanguageIdentifier()
    for risk, texts in load_seeds("astral-14", language).items():
        for place, text in enumerate(texts):
            for seed in range(3):
                changed = misspelt(text, seed)
                assert changed != text, f"{language}/{risk}/{place} was left as it is"
                assert identifier.is_in(changed, language), f"{language}/{risk}/{place} with seed {seed}"


@pytest.mark.parametrize("text", ["", " ", "1 2 3", "{request}", "a b"])
def test_a_text_without_words_to_misspell_is_left_alone(text: str):
    assert misspelt(text, 1) == text
