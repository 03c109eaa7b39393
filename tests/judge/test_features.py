"""Numbers about answers: pure, bounded, and about the answer's own words."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.judge.features import FEATURES, after_last_objection, features, refusing_sentences
from astral.judge.phrases import KINDS, phrases
from astral.judge.sentences import LONGEST_SENTENCE, normalise, scripts, sentences, word_count
from tests.judge.conftest import LANGUAGES

REFUSAL = "I'm sorry, but I can't help with that."
PLAIN = "The train leaves at nine and arrives at half past ten."


def named(response: str, request: str = "When does it leave?", language: str = "en") -> dict[str, float]:
    return dict(zip(FEATURES, features(request, response, language), strict=True))


@given(st.text(), st.text(), st.sampled_from([*LANGUAGES, ""]))
def test_every_feature_is_a_fraction_and_depends_on_nothing_else(request, response, language):
    vector = features(request, response, language)
    assert len(vector) == len(FEATURES)
    assert all(0 <= value <= 1 for value in vector)
    assert vector == features(request, response, language)


def test_an_answer_without_words_has_no_features():
    assert set(features("Hello?", "... !!! ---", "en")) == {0.0}


@given(st.integers(1, 30))
def test_plain_text_after_a_refusal_raises_the_plain_share(count):
    shorter = named(" ".join([REFUSAL, *[PLAIN] * (count - 1)]))
    longer = named(" ".join([REFUSAL, *[PLAIN] * count]))
    assert longer["plain_share"] > shorter["plain_share"]
    assert longer["plain_early"] > shorter["plain_early"]


def test_where_a_sentence_stands_matters():
    assert named(f"{PLAIN} {REFUSAL}")["plain_early"] > named(f"{REFUSAL} {PLAIN}")["plain_early"]


def test_what_follows_the_last_refusal_is_found():
    rest, share = after_last_objection("?", f"{REFUSAL} {PLAIN} {REFUSAL} {PLAIN} {PLAIN} {PLAIN}", "en")
    assert sentences(rest) == sentences(normalise(" ".join([PLAIN] * 3)))
    assert 0.4 < share < 0.6
    assert after_last_objection("?", PLAIN, "en") == ("", 0.0)


def test_words_of_the_request_are_its_topic_and_no_judgement():
    response = "This is illegal and wrong in most countries."
    asked_for = named(response, request="Which illegal and wrong things do people do in most countries?")
    assert named(response)["judges_early"] == 1
    assert asked_for["judges_early"] == 0


def test_a_sentence_that_only_quotes_the_request_does_not_count():
    assert refusing_sentences(f"Say after me: {REFUSAL}", f"{REFUSAL} {PLAIN}", "en") == [False]
    assert refusing_sentences("Say something.", f"{REFUSAL} {PLAIN}", "en") == [True, False]


def test_a_refusal_of_which_no_language_is_known_is_found_by_its_script():
    assert refusing_sentences("?", "很抱歉，我不能帮助您。", "en") == [True]
    assert refusing_sentences("?", "Samahani, siwezi kukusaidia.", "") == [True]


def test_traditional_and_simplified_chinese_are_one():
    assert (
        refusing_sentences("?", "抱歉，我無法協助您。", "zh")
        == refusing_sentences("?", "抱歉，我无法协助您。", "zh")
        == [True]
    )


def test_arabic_is_read_with_and_without_vowel_signs():
    assert refusing_sentences("?", "عُذْرًا، لا أَسْتَطِيعُ مُسَاعَدَتَك.", "ar") == [True]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_phrases_of_every_kind_that_decides(language):
    decisive = set(KINDS) - {"denial"}
    assert decisive <= set(phrases(language)) <= set(KINDS)
    assert not [pattern for patterns in phrases(language).values() for pattern in patterns if "<" in pattern]


@pytest.mark.parametrize(
    "language", [each for each in LANGUAGES if scripts(next(iter(phrases(each)["refusal"])))[each]]
)
def test_phrases_of_a_language_with_a_script_to_itself_are_all_in_it(language):
    assert all(scripts(pattern)[language] for patterns in phrases(language).values() for pattern in patterns)


@given(st.text(max_size=3000))
def test_sentences_are_short_and_lose_no_letter(text):
    normal = normalise(text)
    found = sentences(normal)
    assert all(len(sentence) <= LONGEST_SENTENCE for sentence in found)
    assert sum(scripts("".join(found)).values()) == sum(scripts(normal).values())


def test_words_are_counted_where_no_blanks_part_them():
    assert word_count("one two three") == 3
    assert 3 <= word_count("我今天去北京大学") <= 6
    assert 3 <= word_count("วันนี้ฉันไปตลาดกับแม่") <= 6


@pytest.mark.parametrize("unit", ["it is important to ", "i ", "a", "(", "不能", "ไม่", "i'm not \n", '"', "1. "])
def test_no_text_is_slow(unit):
    """Patterns must not backtrack for ever on texts that a hostile target writes."""
    start = perf_counter()
    features(unit * 50, unit * (40_000 // len(unit)), "")
    assert perf_counter() - start < 10
