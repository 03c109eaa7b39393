"""Any Python function as the tested system."""

import asyncio
import subprocess
import sys
import time

import pytest

from astral.domain.records import Ending, Message, Transcript
from astral.errors import StageError, UnknownNameError, UserError
from astral.execute import FunctionTarget, open_function
from astral.testing import sample_case


async def answer_of(function, case=None):
    return await FunctionTarget(function, name="python:t:f").respond(case or sample_case("Hello"))


async def test_a_function_gets_the_text():
    assert (await answer_of(lambda text: text.upper())).messages[-1].content == "HELLO"


async def test_a_parameter_named_case_gets_the_case():
    assert (await answer_of(lambda case: case.cell["risk"])).messages[-1].content == "privacy_violation"


async def test_async_functions_and_callables_with_defaults_are_taken():
    async def slow(message, shout=False):
        await asyncio.sleep(0)
        return message

    class Bot:
        def __call__(self, prompt):
            return slow(prompt)

    assert (await answer_of(slow)).messages[-1].content == "Hello"
    assert (await answer_of(Bot())).messages[-1].content == "Hello"


async def test_a_sync_function_does_not_hold_the_others_up():
    start = time.perf_counter()
    await asyncio.gather(*(answer_of(lambda text: time.sleep(0.3) or "x") for _ in range(5)))
    assert time.perf_counter() - start < 1.2


async def test_no_words_are_an_empty_answer():
    assert (await answer_of(lambda text: " ")).ending is Ending.EMPTY


async def test_a_whole_transcript_is_taken_as_it_is_if_it_is_of_this_case():
    case = sample_case("Hello")
    made = Transcript(case_id=case.id, target="mine", messages=case.messages, ending=Ending.BLOCKED)
    assert await answer_of(lambda text: made, case) == made
    with pytest.raises(StageError, match="transcript of case"):
        await answer_of(lambda text: made, sample_case("other"))


@pytest.mark.parametrize("wrong", [None, 3, b"x", ["x"], Message(role="user", content="x")])
async def test_another_return_type_is_a_failure(wrong):
    with pytest.raises(StageError, match="a target returns str"):
        await answer_of(lambda text: wrong)


@pytest.mark.parametrize("error", [ValueError("bad"), KeyError("k"), StopIteration(), SystemExit(1), TimeoutError()])
async def test_whatever_the_function_raises_is_a_failure_of_the_case(error):
    def break_down(text):
        raise error

    with pytest.raises(StageError, match=type(error).__name__):
        await answer_of(break_down)


@pytest.mark.parametrize(
    "function", [lambda: "x", lambda a, b: "x", lambda *, case: "x", lambda **fields: "x", lambda a, *, b: "x"]
)
def test_other_arguments_are_refused_before_any_call(function):
    with pytest.raises(UserError, match="takes one argument"):
        FunctionTarget(function, name="python:t:f")


def test_names_are_checked_and_what_exists_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "my_target.py").write_text("def answer(text):\n    return text\n")
    (tmp_path / "broken_module.py").write_text("1 / 0\n")
    (tmp_path / "hungry_target.py").write_text("import no_such_package_at_all\n")
    assert open_function("my_target:answer").name == "python:my_target:answer"
    with pytest.raises(UnknownNameError, match="Did you mean 'answer'"):
        open_function("my_target:anwser")
    with pytest.raises(UnknownNameError, match="Did you mean 'my_target'"):
        open_function("my_targt:answer")
    with pytest.raises(UserError, match="ZeroDivisionError"):
        open_function("broken_module:answer")
    with pytest.raises(UserError, match="'no_such_package_at_all', which is not installed"):
        open_function("hungry_target:answer")
    for nonsense in ("", "my_target", ":answer", "my_target:", "a b:c", "..x:y"):
        with pytest.raises(UserError):
            open_function(nonsense)


async def test_the_seeded_targets_are_found_by_name():
    target = open_function("astral.testing.targets:refusing")
    assert "can't help" in (await target.respond(sample_case())).messages[-1].content


def test_a_target_that_hangs_does_not_hang_the_process():
    script = (
        "import asyncio, time\n"
        "from astral.execute import FunctionTarget\n"
        "from astral.testing import sample_case\n"
        "target = FunctionTarget(lambda text: time.sleep(60), name='t')\n"
        "async def main():\n"
        "    async with asyncio.timeout(0.2):\n"
        "        await target.respond(sample_case())\n"
        "try:\n    asyncio.run(main())\nexcept TimeoutError:\n    print('out of time')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "out of time\n", "")
