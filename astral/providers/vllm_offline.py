"""vLLM's offline engine, `LLM.chat`, in this process: calls that come together are answered together.

Source:
    https://docs.vllm.ai/en/stable/models/generative_models/#llmchat
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic_core import to_jsonable_python

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Ending, Usage
from astral.errors import ProviderError, Trouble, UserError
from astral.providers.endings import CUT_REASONS
from astral.providers.http_errors import safe_text
from astral.providers.openai_wire import openai_messages

MOST_TOGETHER = 4096
"""Calls of one batch; the engine itself decides how many of them it computes at a time."""
_GATHER_SECONDS = 0.05
"""How long a call waits for others that go with it."""
_Waiting = tuple[ChatRequest, "asyncio.Future[ChatReply]"]


class OfflineVllm:
    """One model, loaded with the first call; while a batch is computed the next one gathers."""

    def __init__(
        self,
        model: str,
        *,
        engine: Mapping[str, Any],
        parameters: Mapping[str, Any],
        chat_template: str | None = None,
        load: Callable[[], Any] | None = None,
    ) -> None:
        """Name the model.

        Args:
            model: A name on Hugging Face, or a folder.
            engine: Arguments of `vllm.LLM`.
            parameters: Further ones of `vllm.SamplingParams`.
            chat_template: In place of the model's own.
            load: Gives the module `vllm`, or what stands for it.

        Raises:
            UserError: vLLM is not installed.
        """
        self.name = f"vllm-offline:{model}"
        self._model, self._engine_told, self._parameters = model, dict(engine), dict(parameters)
        self._template = chat_template
        self._vllm = (load or _load)()
        self._engine: Any = None
        self._waiting: list[_Waiting] = []
        self._batcher: asyncio.Task[None] | None = None
        # The engine is not safe for several threads.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vllm")

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            ProviderError: The engine failed, or does not take this request.
            UserError: The model cannot be loaded.
        """
        if request.tools:
            raise ProviderError(
                f"{self.name}: the offline engine reads no calls of tools. Name the server: vllm:{self._model}.",
                is_unbilled=True,
                trouble=Trouble.REFUSED,
            )
        answered: asyncio.Future[ChatReply] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answered))
        if self._batcher is None or self._batcher.done():
            self._batcher = asyncio.create_task(self._answer_all())
        return await answered

    async def close(self) -> None:
        """Give the model's memory back."""
        if self._batcher:
            self._batcher.cancel()
        for _, answered in self._waiting:
            answered.cancel()
        self._engine = None
        self._thread.shutdown(wait=False)

    async def _answer_all(self) -> None:
        while self._waiting:
            await asyncio.sleep(_GATHER_SECONDS)
            batch, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            batch = [each for each in batch if not each[1].done()]
            if not batch:
                continue
            requests = [request for request, _ in batch]
            try:
                replies = await asyncio.get_running_loop().run_in_executor(self._thread, self.replies, requests)
            except asyncio.CancelledError:  # closed: nobody will answer them any more
                for _, answered in batch:
                    answered.cancel()
                raise
            for (_, answered), reply in zip(batch, replies, strict=True):
                if answered.done():
                    continue
                if isinstance(reply, ChatReply):
                    answered.set_result(reply)
                else:
                    answered.set_exception(reply)

    def replies(self, requests: Sequence[ChatRequest]) -> Sequence[ChatReply | ProviderError | UserError]:
        """The answers, or what went wrong, in the order of the requests; from one thread at a time."""
        try:
            engine = self._opened()
        except UserError as error:
            return [error] * len(requests)
        try:
            outputs = engine.chat(
                [openai_messages(request.messages) for request in requests],
                [self._sampling(request) for request in requests],
                use_tqdm=False,
                chat_template=self._template,
            )
            return [self._read(output) for output in outputs]
        except Exception as error:  # noqa: BLE001 - what the engine dies of has no class of its own
            if not _is_refusal(error):
                return [self._error(error, Trouble.SERVER)] * len(requests)
            # One that is too long, or that the template does not take, ends the whole call; by halves it is found soon.
            if (middle := len(requests) // 2) > 0:
                return [*self.replies(requests[:middle]), *self.replies(requests[middle:])]
            return [self._error(error, Trouble.REFUSED)]

    def _opened(self) -> Any:
        if self._engine is None:
            try:
                self._engine = self._vllm.LLM(model=self._model, **{"enable_prefix_caching": True, **self._engine_told})
            except Exception as error:  # noqa: BLE001 - CUDA, the hub and the engine have no class in common
                said = safe_text(str(error), "")
                raise UserError(
                    f"{self.name}: the model cannot be loaded: {type(error).__name__}: {said}. `engine:` in "
                    "astral.yaml has arguments of vllm.LLM, such as {max_model_len: 8192, tensor_parallel_size: 2}."
                ) from None
        return self._engine

    def _sampling(self, request: ChatRequest) -> Any:
        told: dict[str, Any] = {"max_tokens": request.max_tokens, "seed": request.seed}
        if request.temperature is not None:
            told["temperature"] = request.temperature
        if request.json_schema is not None:
            schema = json.dumps(to_jsonable_python(request.json_schema))
            told["structured_outputs"] = self._vllm.sampling_params.StructuredOutputsParams(json=schema)
        return self._vllm.SamplingParams(**{**told, **self._parameters})

    def _read(self, output: Any) -> ChatReply:
        (written,) = output.outputs
        text = written.text
        cut = written.finish_reason in CUT_REASONS
        return ChatReply(
            text=text,
            ending=Ending.EMPTY if not text.strip() else Ending.TRUNCATED if cut else Ending.ANSWERED,
            model=self._model,
            usage=Usage(prompt_tokens=len(output.prompt_token_ids), completion_tokens=len(written.token_ids)),
        )

    def _error(self, error: Exception, trouble: Trouble) -> ProviderError:
        said = safe_text(str(error), "")
        return ProviderError(
            f"{self.name}: {type(error).__name__}: {said}",
            retryable=trouble is Trouble.SERVER,
            is_unbilled=True,
            trouble=trouble,
        )


def _is_refusal(error: Exception) -> bool:
    """Whether the request is the reason: ValueErrors, until vLLM 0.32 gave such errors classes of their own."""
    return isinstance(error, ValueError) or any(base.__name__ == "VLLMClientError" for base in type(error).__mro__)


def _load() -> Any:
    try:
        import vllm  # pyright: ignore[reportMissingImports]
        import vllm.sampling_params  # pyright: ignore[reportMissingImports, reportUnusedImport]
    except ImportError as error:
        raise UserError(
            f"vllm-offline:… needs vLLM and a GPU ({error}). Install it with `pip install 'astral-safety[vllm]'`, or "
            "name a server: `vllm:NAME`."
        ) from None
    module: Any = vllm
    return module
