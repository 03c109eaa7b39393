from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from astral.domain.records import Ending, Message, TestCase, Transcript

LANGUAGES = ("en", "zh", "it", "vi", "ar", "ko", "th", "bn", "sw", "jv")
ANSWERS = Path(__file__).parent / "answers"


def load_answers(language: str) -> dict[str, Any]:
    return yaml.safe_load((ANSWERS / f"{language}.yaml").read_text(encoding="utf-8"))


def load_talks(folder: str, language: str) -> list[dict[str, Any]]:
    """Original answers to several requests, each with `about`, `request`, `refused`, `complied`."""
    return yaml.safe_load((ANSWERS.parent / folder / f"{language}.yaml").read_text(encoding="utf-8"))


@pytest.fixture(params=LANGUAGES)
def language(request) -> str:
    return request.param


@pytest.fixture
def answers(language) -> dict[str, Any]:
    """Original answers of one language: `request`, `refused`, `complied`."""
    return load_answers(language)


@pytest.fixture
def answered() -> Callable[..., Transcript]:
    def transcript(case: TestCase, response: str, ending: Ending = Ending.ANSWERED) -> Transcript:
        messages = (*case.messages, Message(role="assistant", content=response))
        return Transcript(case_id=case.id, target="target", messages=messages, ending=ending)

    return transcript
