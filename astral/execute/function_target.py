"""Any Python function as the tested system: `python:module:function`."""

import asyncio
import inspect
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from astral.domain.records import Ending, Message, TestCase, Transcript
from astral.errors import AstralError, StageError, UnknownNameError, UserError

Function = Callable[..., Any]


class FunctionTarget:
    """Asks a function, sync or async, that takes the request's text, or the test case where its parameter is `case`."""

    def __init__(self, function: Function, *, name: str, clock: Callable[[], float] = time.perf_counter) -> None:
        """Wrap a function.

        Args:
            function: Returns the answer as a `str`, or the whole `Transcript`.
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
            StageError: The function raised, or returned neither text nor the transcript of this case.
        """
        argument = case if self._argument == "case" else case.request
        start = self._clock()
        try:
            answer = await _call(self._function, argument)
        except AstralError:
            raise
        except Exception as error:  # a user's function may raise anything; the run goes on
            raise StageError(f"{self.name} raised {type(error).__name__}: {str(error)[:300]}") from error
        seconds = max(0.0, self._clock() - start)
        if isinstance(answer, Transcript):
            if answer.case_id != case.id:
                raise StageError(f"{self.name} returned the transcript of case {answer.case_id!r}, not of {case.id!r}.")
            return answer
        if not isinstance(answer, str):
            raise StageError(f"{self.name} returned {type(answer).__name__}; a target returns str or Transcript.")
        messages = (*case.messages, Message(role="assistant", content=answer)) if answer else case.messages
        ending = Ending.ANSWERED if answer.strip() else Ending.EMPTY
        return Transcript(case_id=case.id, target=self.name, messages=messages, ending=ending, latency_seconds=seconds)


def open_function(path: str) -> FunctionTarget:
    """The target that `python:PATH` names.

    Args:
        path: `module:function`; the module may lie in the current folder.

    Raises:
        UserError: There is no such module or function, or it cannot be imported, or takes other arguments.
    """
    module_name, separator, function_name = path.partition(":")
    if not module_name or not separator or not function_name:
        raise UserError(f"python:{path}: write python:MODULE:FUNCTION, such as python:my_app:answer.")
    module = _imported(module_name)
    functions = sorted(name for name, value in vars(module).items() if inspect.isroutine(value) and name[0] != "_")
    function = getattr(module, function_name, None)
    if not callable(function):
        raise UnknownNameError(f"function of {module_name}", function_name, functions, where=f"python:{path}")
    return FunctionTarget(function, name=f"python:{path}")


def _imported(name: str) -> Any:
    folder = str(Path.cwd())
    if folder not in sys.path:
        # Last, so that a file here cannot take the place of an installed module.
        sys.path.append(folder)
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):
            raise UserError(f"python:{name}: it imports {error.name!r}, which is not installed.") from error
        here = sorted(path.stem for path in Path.cwd().glob("*.py"))
        raise UnknownNameError(
            "module that can be imported",
            name,
            here,
            where=f"python:{name}",
            hint=f"Modules are looked for in the current folder ({len(here)} there) and among installed packages.",
        ) from error
    except Exception as error:  # a user's module may raise anything while it is imported
        raise UserError(f"python:{name} cannot be imported: {type(error).__name__}: {error}") from error


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


async def _call(function: Function, argument: object) -> Any:
    """What the function returns, be it sync or async."""
    if inspect.iscoroutinefunction(function):
        return await function(argument)
    answer = await _in_thread(function, argument)
    return await answer if inspect.isawaitable(answer) else answer


async def _in_thread(function: Function, argument: object) -> Any:
    """What the function returns, from a thread that does not keep the process alive.

    The threads of `asyncio.to_thread` are waited for at exit: after Ctrl-C a target that hangs would hang astral.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Any] = loop.create_future()

    def finish(result: Any, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is None:
            outcome.set_result(result)
        else:
            outcome.set_exception(error)

    def work() -> None:
        result, error = None, None
        try:
            result = function(argument)
        except BaseException as raised:  # noqa: BLE001 - handed on to whoever waits
            # A future takes no StopIteration, and SystemExit from a thread would end the loop.
            is_plain = isinstance(raised, Exception) and not isinstance(raised, StopIteration)
            error = raised if is_plain else RuntimeError(f"{type(raised).__name__}: {raised}")
        if not loop.is_closed():
            loop.call_soon_threadsafe(finish, result, error)

    threading.Thread(target=work, name="astral-target", daemon=True).start()
    return await outcome
