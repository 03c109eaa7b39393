"""Real small programs as models."""

import asyncio
import sys

import pytest

from astral.domain.chat import ChatRequest
from astral.domain.records import Ending, Message
from astral.errors import ProviderError, UserError
from astral.execute import RetryingModel
from astral.providers.exec_chat import ExecChat
from astral.testing.conformance import check_chat_model

ECHO = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({"id": asked["id"], "text": asked["messages"][-1]["content"].upper()}), flush=True)
"""
BACKWARDS = """
import json, sys
asked = [json.loads(sys.stdin.readline()) for _ in range(3)]
for each in reversed(asked):
    print(json.dumps({"id": each["id"], "text": each["messages"][-1]["content"]}), flush=True)
sys.stdin.read()
"""
IN_ORDER = """
import json, sys
for line in sys.stdin:
    print(json.dumps({"text": json.loads(line)["messages"][-1]["content"]}), flush=True)
"""
DIES = """
import json, sys
for number, line in enumerate(sys.stdin):
    if number == 1:
        sys.exit("out of cheese")
    print(json.dumps({"text": "yes"}), flush=True)
"""


def request(text="hello") -> ChatRequest:
    return ChatRequest(messages=(Message(role="user", content=text),), max_tokens=9)


@pytest.fixture
def program(tmp_path):
    """Writes a program, and closes what runs it."""
    made = []

    def write(text, **told):
        path = tmp_path / f"{len(made)}.py"
        path.write_text(text, encoding="utf-8")
        made.append(ExecChat(f"{sys.executable} {path}", **told))
        return made[-1]

    yield write
    assert all(model._program is None for model in made), "each test closes what it started"


def answering(answer: str) -> str:
    return f"import sys\nfor line in sys.stdin: print({answer!r}, flush=True)"


async def test_it_answers_and_conforms(program):
    model = program(ECHO)
    assert (await model.chat(request())).text == "HELLO"
    await check_chat_model(model)


@pytest.mark.parametrize("text", [BACKWARDS, IN_ORDER])
async def test_answers_find_their_calls(program, text):
    model = program(text)
    asked = ["a", "b", "ü\n" * 40_000]
    replies = await asyncio.gather(*(model.chat(request(each)) for each in asked))
    await model.close()
    assert [reply.text for reply in replies] == asked


@pytest.mark.parametrize(
    ("answer", "ending"),
    [
        ('{"text": "No.", "ending": "refused"}', Ending.REFUSED),
        ('{"ending": "blocked"}', Ending.BLOCKED),
        ('{"text": "Ye", "ending": "truncated"}', Ending.TRUNCATED),
        ('{"text": " "}', Ending.EMPTY),
    ],
)
async def test_how_it_ended(program, answer, ending):
    model = program(answering(answer))
    assert (await model.chat(request())).ending is ending
    await model.close()


@pytest.mark.parametrize("answer", ['{"error": "no idea"}', "{}"])
async def test_no_answer_is_an_error_and_no_empty_answer(program, answer):
    model = program(answering(answer))
    with pytest.raises(ProviderError):
        await model.chat(request())
    await model.close()


async def test_it_is_restarted_when_it_dies(program):
    model = program(DIES)
    await model.chat(request())
    with pytest.raises(ProviderError, match="out of cheese") as caught:
        await model.chat(request())
    assert caught.value.retryable
    patient = RetryingModel(model, sleep=lambda _: asyncio.sleep(0))
    assert [(await patient.chat(request())).text for _ in range(3)] == ["yes"] * 3
    await model.close()


@pytest.mark.parametrize(
    ("text", "said"), [("import sys; sys.exit('no config')", "no config"), ("print('ready')", "no JSON object")]
)
async def test_one_that_never_answers_stops_the_run_with_its_last_words(program, text, said):
    model = program(text)
    with pytest.raises(UserError, match=said):
        await model.chat(request())
    await model.close()


async def test_one_that_hangs_is_ended(program):
    model = program("import time\ntime.sleep(60)", timeout_seconds=0.2)
    with pytest.raises(ProviderError, match="no answer within"):
        await model.chat(request())
    await model.close()


@pytest.mark.parametrize("command", ["no-such-program-here", "", "python 'unclosed"])
def test_what_is_no_program_is_told_before_anything_is_asked(command):
    with pytest.raises(UserError):
        ExecChat(command)
