"""`vllm serve`: started where no vLLM server runs, waited for, and stopped by the last who asked it.

Source:
    https://docs.vllm.ai/en/stable/cli/serve/
"""

import asyncio
import atexit
import logging
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import ChatModel
from astral.errors import EndpointDownError, ProviderError, UserError
from astral.providers.http_errors import safe_text

HOST, PORT = "127.0.0.1", 8000
PROGRAM = "vllm"
_START_SECONDS = 1800.0
"""How long a model may take to load: large ones are fetched first."""
_STOP_SECONDS = 30.0
_LOOK_SECONDS = 0.2
_LAST_WORDS = 2000
"""Bytes of the log that are looked at when the server died."""

_log = logging.getLogger(__name__)


def is_listening(host: str = HOST, port: int = PORT) -> bool:
    """Whether somebody takes connections there."""
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


class VllmServer:
    """One `vllm serve` on this machine, on vLLM's own port: one that outlives a killed astral is found by the next."""

    _running: ClassVar[dict[tuple[str, int], "VllmServer"]] = {}

    def __init__(self, model: str, *, port: int, arguments: Sequence[str], start_seconds: float) -> None:
        """Prepare a server; nothing is started yet. Callers share one by `shared`."""
        self.model, self.port, self.arguments = model, port, tuple(arguments)
        self.users = 0
        self._start_seconds = start_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._log_file = Path()
        self._turn = asyncio.Lock()
        self._is_ready = False

    @classmethod
    def shared(
        cls, model: str, *, port: int = PORT, arguments: Sequence[str] = (), start_seconds: float = _START_SECONDS
    ) -> "VllmServer":
        """The server of a model, one for all roles; each calls `leave` at its end.

        Args:
            model: As vLLM names it.
            port: Of this machine.
            arguments: Further ones of `vllm serve`.
            start_seconds: How long it may take until it is healthy.

        Raises:
            UserError: There is no program `vllm`.
        """
        if shutil.which(PROGRAM) is None:
            raise UserError(
                f"vllm:{model}: no server listens at http://{HOST}:{port}, and there is no program `{PROGRAM}` to "
                "start one. Install it with `pip install 'astral-safety[vllm]'`, or name one by `--base-url`."
            )
        server = cls._running.setdefault(
            (model, port), cls(model, port=port, arguments=arguments, start_seconds=start_seconds)
        )
        server.users += 1
        return server

    async def ready(self) -> None:
        """Start it, if that was not done, and wait until it is healthy.

        Raises:
            UserError: It ended while it was loading; its last words are told.
            EndpointDownError: It ended later.
        """
        if self._is_ready and self.has_ended:
            raise EndpointDownError(f"{self._told_end()} `astral resume` starts it again.")
        async with self._turn:
            if not self._is_ready:
                await asyncio.to_thread(self._start)
                await self._wait_for_health()
                self._is_ready = True

    @property
    def has_ended(self) -> bool:
        """Whether it was started and is gone."""
        return self._process is not None and self._process.poll() is not None

    async def leave(self) -> None:
        """Stop it, if nobody else uses it."""
        self.users -= 1
        if self.users <= 0:
            self._running.pop((self.model, self.port), None)
            await asyncio.to_thread(self._stop)

    def _start(self) -> None:
        if self._process is not None:
            return
        number, name = tempfile.mkstemp(prefix="astral-vllm-", suffix=".log")
        self._log_file = Path(name)
        command = [PROGRAM, "serve", self.model, "--host", HOST, "--port", str(self.port), "--enable-prefix-caching"]
        _log.warning("Starting `%s`; its log is %s.", " ".join([*command, *self.arguments]), name)
        with os.fdopen(number, "wb") as file:
            # A group of its own: Ctrl-C is astral's, which stops it in order.
            self._process = subprocess.Popen(  # noqa: S603 - the user's own vLLM and arguments, and no shell
                [*command, *self.arguments], stdout=file, stderr=file, stdin=subprocess.DEVNULL, start_new_session=True
            )
        atexit.register(self._stop)

    async def _wait_for_health(self) -> None:
        import httpx2

        deadline = asyncio.get_running_loop().time() + self._start_seconds
        async with httpx2.AsyncClient(timeout=5.0) as client:
            while asyncio.get_running_loop().time() < deadline:
                if self.has_ended:
                    raise UserError(self._told_end())
                try:
                    if (await client.get(f"http://{HOST}:{self.port}/health")).is_success:
                        return
                except httpx2.HTTPError:
                    pass
                await asyncio.sleep(_LOOK_SECONDS)
        raise UserError(
            f"vllm:{self.model}: it was not healthy within {self._start_seconds:g} s. Log: {self._log_file}"
        )

    def _told_end(self) -> str:
        code = self._process.returncode if self._process else None
        said = self._log_file.read_bytes()[-_LAST_WORDS:].decode(errors="replace").strip().splitlines()
        last = safe_text(said[-1], "") if said else "nothing"
        return f"vllm:{self.model}: `vllm serve` ended with code {code}. Its log ({self._log_file}) ends with: {last}"

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return  # what it said as it ended by itself is kept
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._is_ready:
            self._log_file.unlink(missing_ok=True)


class ServedChat:
    """A model of a server that is started when it is asked first."""

    def __init__(self, inner: ChatModel, server: VllmServer) -> None:
        self.name = inner.name
        self._inner, self._server = inner, server

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            ProviderError: No answer came.
            UserError: The server could not be started.
            EndpointDownError: The server has died.
        """
        await self._server.ready()
        try:
            return await self._inner.chat(request)
        except ProviderError:
            if self._server.has_ended:
                await self._server.ready()
            raise

    async def close(self) -> None:
        """Give connections back, and stop the server if nobody else uses it."""
        await self._inner.close()
        await self._server.leave()
