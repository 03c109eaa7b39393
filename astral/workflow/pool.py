"""A bounded task group: so many workers take one item after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from astral.errors import AstralError, StoppedError

Item = TypeVar("Item")


async def work_through(
    items: Sequence[Item], work: Callable[[Item], Awaitable[None]], *, concurrency: int
) -> StoppedError | None:
    """Do the work on each item, at most `concurrency` at a time.

    Returns:
        The error that stopped the work, such as a spent budget; what was under way then came to its end, and nothing
        new was begun. None when all was done.

    Raises:
        AstralError: The first one that `work` raised otherwise; what was under way is cancelled.
    """
    waiting = iter(items)
    spent: StoppedError | None = None

    async def worker() -> None:
        nonlocal spent
        for item in waiting:
            if spent:
                return
            try:
                await work(item)
            except StoppedError as error:
                spent = error

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(items))):
                group.create_task(worker())
    except BaseExceptionGroup as errors:
        raise first_error(errors) from errors
    return spent


def first_error(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to show: one of astral's own if there is one, since its text is made for people."""
    flat = [error for error in errors.exceptions if not isinstance(error, BaseExceptionGroup)]
    return next((error for error in flat if isinstance(error, AstralError)), errors.exceptions[0])
