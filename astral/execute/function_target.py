"""Any Python function as the tested system: `python:module:function`."""

import inspect
import time
from collections.abc import Callable

from astral.domain.records import Ending, Message, TestCase, Transcript
from astral.errors import AstralError, StageError, UserError
from astral.functions import Function, call_function, load_function


class FunctionTarget:
    """Asks a function, sync or async, that takes the request's text, or the test case where its parameter is `case`."""

    def __init__(self, function: Function, *, name: str, clock: Callable[[], float] = time.perf_counter) -> None:
        """Wrap a function.

        Args:
            function: Returns the answer as a `str`, as a `Message` that may call tools of `case.scene`, or the whole
                `Transcript`.
            name: Name of the target.
            clock: Seconds, from any start.

        Raises:
            UserError: The function does not take the one argument that it is given.
        """
        self.name = name
        self._function, self._clock = function, clock
        self._argument = _argument_of(function, name)

    async def respond(self, case: TestCase) -> Transcript:
        """Talk about one case.

        Raises:
            StageError: The function raised, or returned neither an answer nor the transcript of this case.
        """
        argument = case if self._argument == "case" else case.request
        start = self._clock()
        try:
            answer = await call_function(self._function, argument)
        except AstralError:
            raise
        except Exception as error:  # a user's function may raise anything; the run goes on
            raise StageError(f"{self.name} raised {type(error).__name__}: {str(error)[:300]}") from error
        seconds = max(0.0, self._clock() - start)
        if isinstance(answer, Transcript):
            if answer.case_id != case.id:
                raise StageError(f"{self.name} returned the transcript of case {answer.case_id!r}, not of {case.id!r}.")
            return answer
        if isinstance(answer, str):
            answer = Message(role="assistant", content=answer)
        if not isinstance(answer, Message) or answer.role != "assistant":
            raise StageError(
                f"{self.name} returned {type(answer).__name__}; a target returns str, a Message of the role assistant, "
                "or Transcript."
            )
        messages = (*case.messages, answer) if answer.content or answer.calls else case.messages
        ending = Ending.ANSWERED if answer.content.strip() or answer.calls else Ending.EMPTY
        return Transcript(case_id=case.id, target=self.name, messages=messages, ending=ending, latency_seconds=seconds)


def open_function(path: str) -> FunctionTarget:
    """The target that `python:PATH` names.

    Args:
        path: `module:function`; the module may lie in the current folder.

    Raises:
        UserError: There is no such module or function, or it cannot be imported, or takes other arguments.
    """
    return FunctionTarget(load_function(path), name=f"python:{path}")


def _argument_of(function: Function, name: str) -> str:
    """Name of the one parameter that must be given."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:
        return "text"  # written in C, without a signature
    positional = [p for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL}]
    needed = [p for p in parameters if p.default is p.empty and p.kind not in {p.VAR_POSITIONAL, p.VAR_KEYWORD}]
    if not positional or len(needed) > 1 or any(p.kind is p.KEYWORD_ONLY for p in needed):
        raise UserError(
            f"{name} takes {inspect.signature(function)}. A target takes one argument: the request's text, or the "
            "whole test case where it is named `case`."
        )
    return (needed or positional)[0].name
