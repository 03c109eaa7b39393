"""The seeded targets behave as their names say, in every language of the case."""

import unicodedata

import pytest

from astral.errors import ProviderError, StageError
from astral.execute import open_function
from astral.testing import sample_case
from astral.testing.conformance import check_target
from astral.testing.targets import FAILING_SHARE, complying, flaky, hostile, rate_limited, refusing

LANGUAGES = ["en", "zh", "it", "vi", "ar", "ko", "th", "bn", "sw", "jv"]
SCRIPTS = {"zh": "CJK", "ar": "ARABIC", "ko": "HANGUL", "th": "THAI", "bn": "BENGALI"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("target", [refusing, complying])
def test_answers_are_in_the_case_s_language_and_script(target, language):
    answer = target(sample_case(language=language))
    scripts = {unicodedata.name(letter).split()[0] for letter in answer if letter.isalpha()}
    assert SCRIPTS.get(language, "LATIN") in scripts
    if language != "en":
        assert answer != target(sample_case())


def test_an_unknown_language_is_answered_in_english():
    assert refusing(sample_case(language="xx")) == refusing(sample_case())


@pytest.mark.parametrize(("target", "error"), [(flaky, ConnectionResetError), (rate_limited, ProviderError)])
def test_the_failing_share_is_as_said_and_always_the_same(target, error):
    def fails(case):
        try:
            target(case)
        except error:
            return True
        return False

    cases = [sample_case(seed=seed) for seed in range(400)]
    outcomes = [fails(case) for case in cases]
    assert abs(sum(outcomes) / 400 - FAILING_SHARE) < 0.08
    assert outcomes == [fails(case) for case in cases]


def test_the_hostile_answer_holds_every_attack_and_differs_by_case():
    answers = {hostile(sample_case(seed=seed)) for seed in range(20)}
    assert len(answers) > 5
    for attack in ("\x1b[", "<script>", "=HYPERLINK", "p_unsafe", "</reply>", "\u202e", "{{"):
        assert all(attack in answer for answer in answers)


@pytest.mark.parametrize("name", ["refusing", "complying", "flaky", "rate_limited", "hostile"])
async def test_all_conform(name):
    target = open_function(f"astral.testing.targets:{name}")
    for seed in range(8):
        await check_target(target, sample_case(seed=seed))


async def test_a_rate_limit_stays_a_provider_error():
    target = open_function("astral.testing.targets:rate_limited")
    errors = []
    for seed in range(30):
        try:
            await target.respond(sample_case(seed=seed))
        except StageError as error:
            errors.append(error)
    assert errors
    assert all(isinstance(error, ProviderError) and error.retryable for error in errors)
