"""A program as a model: a line of JSON in, a line of JSON out; it lives as long as the run; if it dies, another starts.

    → {"id": "1", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 96, "temperature": null, "seed": 7}
    ← {"id": "1", "text": "Hi.", "ending": "answered"}

`id` may be left out of the answers by a program that answers in the order of the requests. `ending` may be left out, or
be `refused`, `blocked`, `truncated`. {"id": "1", "error": "what happened"} says that no answer came.
"""

import asyncio
import contextlib
import json
import os
import shlex
import shutil
import signal
from collections import deque
from itertools import count
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_jsonable_python

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Ending
from astral.errors import ProviderError, UserError
from astral.providers.http_errors import safe_text

_LONGEST_LINE = 16 * 1024 * 1024
_LAST_WORDS = 20
"""Lines of its stderr that are told when it dies."""
_GRACE_SECONDS = 1.0
"""How long it may take to end once its stdin is closed."""


class _Answer(BaseModel):
    """A line that the program wrote."""

    model_config = ConfigDict(extra="ignore")

    id: str | int | None = None
    text: str | None = None
    ending: Ending = Ending.ANSWERED
    error: str | None = None


class ExecChat:
    """A program that answers; started at the first call."""

    def __init__(self, command: str, *, timeout_seconds: float = 120.0) -> None:
        """Name the program.

        Args:
            command: Program and arguments, as a shell would split them; no shell is asked.
            timeout_seconds: How long an answer is waited for.

        Raises:
            UserError: There is no such program.
        """
        try:
            self._command = shlex.split(command)
        except ValueError as error:
            raise UserError(f"exec:{command}: {error}. Write exec:PROGRAM ARGUMENTS.") from None
        if not self._command:
            raise UserError("exec: the program is missing. Write exec:PROGRAM ARGUMENTS, such as exec:python bot.py.")
        if shutil.which(self._command[0]) is None:
            raise UserError(f"exec:{command}: {self._command[0]!r} is no program that can be run here.")
        self.name = f"exec:{command}"
        self._timeout_seconds = timeout_seconds
        self._program: _Program | None = None
        self._starting = asyncio.Lock()
        self._has_answered = False

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            ProviderError: The program died, said that it failed, or wrote what is no answer.
            UserError: It died before it ever answered.
        """
        program = await self._running()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                line = await program.ask(_line_of(request))
        except TimeoutError:
            # It may hang for good: the next call gets a new one.
            await program.stop()
            raise ProviderError(
                f"{self.name}: no answer within {self._timeout_seconds:g} s", retryable=True, is_unbilled=True
            ) from None
        except _EndedError as error:
            if not self._has_answered:
                raise UserError(f"{self.name} ended before it ever answered. {error}") from None
            raise ProviderError(
                f"{self.name} ended and is restarted. {error}", retryable=True, is_unbilled=True
            ) from None
        reply = self._read(line)
        self._has_answered = True
        return reply

    async def close(self) -> None:
        """End the program."""
        if self._program:
            await self._program.stop()
            self._program = None

    async def _running(self) -> "_Program":
        async with self._starting:
            if self._program is None or self._program.has_ended:
                self._program = await _Program.start(self._command)
            return self._program

    def _read(self, answer: _Answer) -> ChatReply:
        if answer.error is not None:
            raise ProviderError(f"{self.name}: {safe_text(answer.error, '')}", retryable=False, is_unbilled=True)
        text = answer.text or ""
        if answer.text is None and answer.ending is not Ending.BLOCKED:
            raise ProviderError(f"{self.name}: its answer has neither `text` nor `error`.", is_unbilled=True)
        is_empty = not text.strip() and answer.ending in {Ending.ANSWERED, Ending.TRUNCATED}
        return ChatReply(text=text, ending=Ending.EMPTY if is_empty else answer.ending, model=self.name)


def _line_of(request: ChatRequest) -> dict[str, Any]:
    return {
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
        "json_schema": to_jsonable_python(request.json_schema),
    }


class _EndedError(Exception):
    """The program is gone; the text says how, and its last words."""


class _Program:
    """A running program, and the calls that wait for it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if not (process.stdin and process.stdout and process.stderr):
            raise ValueError("the program must be started with pipes")
        self._process = process
        self._stdin, self._stdout, self._stderr = process.stdin, process.stdout, process.stderr
        self._waiting: dict[str, asyncio.Future[_Answer]] = {}
        self._numbers = count(1)
        self._last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._listening = asyncio.create_task(self._listen())
        self._overhearing = asyncio.create_task(self._overhear())

    @classmethod
    async def start(cls, command: list[str]) -> "_Program":
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            # A group of its own: Ctrl-C is astral's to act on, and what it starts ends with it.
            start_new_session=True,
        )
        return cls(process)

    @property
    def has_ended(self) -> bool:
        return self._listening.done()

    async def ask(self, request: dict[str, Any]) -> _Answer:
        number = str(next(self._numbers))
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            if not self.has_ended:
                self._stdin.write((json.dumps({"id": number, **request}) + "\n").encode())
                with contextlib.suppress(ConnectionError):  # then it has ended, which the listener tells
                    await self._stdin.drain()
            if self.has_ended:
                raise await self._ended()
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def stop(self) -> None:
        self._stdin.close()
        try:
            async with asyncio.timeout(_GRACE_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        await asyncio.gather(self._listening, self._overhearing)

    async def _listen(self) -> None:
        """Hand each answer to the call that waits for it, until the program ends or writes what is no answer."""
        try:
            async for line in self._stdout:
                if line.strip():
                    self._take(_Answer.model_validate_json(line))
        except ValueError:
            self._last_words.append("A line on its stdout is no JSON object of an answer, or is too long.")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        ended = await self._ended()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ended)

    def _take(self, answer: _Answer) -> None:
        number = next(iter(self._waiting), "") if answer.id is None else str(answer.id)
        waiting = self._waiting.pop(number, None)
        # A late answer to a call that was given up belongs to nobody.
        if waiting and not waiting.done():
            waiting.set_result(answer)

    async def _overhear(self) -> None:
        with contextlib.suppress(ValueError):
            async for line in self._stderr:
                self._last_words.append(line.decode(errors="replace").rstrip())

    async def _ended(self) -> _EndedError:
        code = await self._process.wait()
        await asyncio.wait([self._overhearing], timeout=1)
        how = f"It ended with code {code}." if code >= 0 else f"Signal {-code} ended it."
        words = safe_text(" | ".join(self._last_words)[-300:], "")
        return _EndedError(f"{how} Its last words: {words}" if words else f"{how} It wrote nothing to stderr.")
