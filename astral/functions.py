"""A user's Python function by its name, `python:module:function`, sync or async: as a target, as an oracle."""

import asyncio
import inspect
import sys
import threading
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from astral.errors import UnknownNameError, UserError

Function = Callable[..., Any]


def load_function(path: str) -> Function:
    """The function that `python:PATH` names.

    Args:
        path: `module:function`; the module may lie in the current folder.

    Raises:
        UserError: There is no such module or function, or it cannot be imported.
    """
    module_name, separator, function_name = path.partition(":")
    if not module_name or not separator or not function_name:
        raise UserError(f"python:{path}: write python:MODULE:FUNCTION, such as python:my_app:answer.")
    module = _imported(module_name)
    functions = sorted(name for name, value in vars(module).items() if inspect.isroutine(value) and name[0] != "_")
    function = getattr(module, function_name, None)
    if not callable(function):
        raise UnknownNameError(f"function of {module_name}", function_name, functions, where=f"python:{path}")
    return function


async def call_function(function: Function, *arguments: object, **named: object) -> Any:
    """What the function returns, be it sync or async; a sync one holds nobody up."""
    call = partial(function, *arguments, **named)
    if inspect.iscoroutinefunction(function):
        return await call()
    answer = await _in_thread(call)
    return await answer if inspect.isawaitable(answer) else answer


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


async def _in_thread(call: Callable[[], Any]) -> Any:
    """What the call returns, from a thread that does not keep the process alive.

    The threads of `asyncio.to_thread` are waited for at exit: after Ctrl-C a function that hangs would hang astral.
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
            result = call()
        except BaseException as raised:  # noqa: BLE001 - handed on to whoever waits
            # A future takes no StopIteration, and SystemExit from a thread would end the loop.
            is_plain = isinstance(raised, Exception) and not isinstance(raised, StopIteration)
            error = raised if is_plain else RuntimeError(f"{type(raised).__name__}: {raised}")
        if not loop.is_closed():
            loop.call_soon_threadsafe(finish, result, error)

    threading.Thread(target=work, name="astral-function", daemon=True).start()
    return await outcome
