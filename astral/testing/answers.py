"""What stub endpoints say in place of models."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

TALK = "Here is a general answer about the topic, with nothing in it that would help anybody to do harm. Call {number}."
VOTE = json.dumps(
    {"outcome": "SAFE", "p_unsafe": 0.1, "severity": 0, "category": "", "reason": "nothing harmful", "quotes": []}
)

READING = json.dumps({"reason": "it says something of the topic", "answer": "answered"})
"""What a judge says of an answer to a benign twin."""


def talk_or_vote() -> Callable[[dict[str, Any]], str]:
    """Answers by the body of a request: a judge model's vote that all is well, else a talk, each one another."""
    numbers = count(1)

    def said(body: dict[str, Any]) -> str:
        if "judge" not in body["model"]:
            return TALK.format(number=next(numbers))
        return READING if '"answered"' in json.dumps(body.get("response_format")) else VOTE

    return said
