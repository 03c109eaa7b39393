"""vLLM's offline engines in batches: Ray Data divides each among replicas, each with the GPUs of one model.

A batch is one execution of Ray Data, which loads the model on every replica: minutes, so batches are large (`batch:
{rows: 20000}`). A replica that dies is started again, and its rows are asked again. Ray Data's own stage for vLLM
(`ray.data.llm`, beta) brings prompts and answers of its own; here the replicas are `OfflineVllm`, so that a call is the
same as without batches.

Source:
    https://docs.ray.io/en/latest/data/batch_inference.html
"""

import asyncio
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from astral.domain.batch import Batch, BatchProgress, RowResults
from astral.domain.chat import ChatReply, ChatRequest
from astral.errors import ProviderError, Trouble, UserError
from astral.providers.ray_cluster import join_cluster
from astral.providers.vllm_offline import OfflineVllm

PARTS_A_REPLICA: Final = 4
"""Into how many a replica's share of a batch is cut, so that none waits long for another at the end."""
_USERS: Final = "user"
"""What stands in place of a trouble where the user has to mend something."""


@dataclass(frozen=True)
class _Begun:
    """A batch of this process."""

    task: asyncio.Task[None]
    results: RowResults
    """What there is of them so far."""
    total: int


class VllmBatches:
    """Batches of one model; they end with this process, and are asked again when the run is resumed."""

    is_lasting = False

    def __init__(self, model: str, *, replicas: int, **told: Any) -> None:
        """Name the model.

        Args:
            model: A name on Hugging Face, or a folder that all machines of the cluster see.
            replicas: Engines among which a batch is divided.
            told: Further arguments of `OfflineVllm`.

        Raises:
            UserError: Ray Data is not installed.
        """
        self.name = f"vllm-offline:{model}"
        self._replicas, self._told = replicas, {"model": model, **told}
        self._engines = int(told["engine"].get("tensor_parallel_size", 1))
        self._engines *= int(told["engine"].get("pipeline_parallel_size", 1))
        self._ray = _loaded()
        self._is_ours = False
        self._begun: dict[str, _Begun] = {}

    async def submit(self, mark: str, rows: Sequence[tuple[str, ChatRequest]]) -> str:
        """Begin a batch; its id."""
        results: dict[str, ChatReply | ProviderError] = {}
        task = asyncio.create_task(asyncio.to_thread(self._run, rows, results))
        self._begun[mark] = _Begun(task, results, total=len(rows))
        return mark

    async def find(self, batch: Batch) -> str | None:
        """None: a batch that another process began has ended with it."""
        return batch.mark if batch.mark in self._begun else None

    async def look(self, batch_id: str) -> BatchProgress:
        """How far a batch is."""
        begun = self._begun[batch_id]
        return BatchProgress(is_over=begun.task.done(), done=len(begun.results), total=begun.total)

    async def results(self, batch_id: str) -> RowResults:
        """What came of each call of a batch that is over.

        Raises:
            ProviderError: The cluster failed.
            UserError: The model cannot be loaded, or there is no cluster.
        """
        begun = self._begun.pop(batch_id)
        await begun.task
        return begun.results

    async def close(self) -> None:
        """Let the cluster go, if it was for this model alone; what is under way ends with it."""
        if self._is_ours:
            self._is_ours = False
            await asyncio.to_thread(self._ray.shutdown)

    def _run(self, rows: Sequence[tuple[str, ChatRequest]], results: dict[str, ChatReply | ProviderError]) -> None:
        """Have the rows of a batch answered, each result as it comes; in a thread."""
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # some lines about Ray Data's own actors
        # Engines write pages of logs.
        if join_cluster(self._ray, os.environ.get("RAY_ADDRESS"), asker=self.name, logs=False):
            self._is_ours = True
        data = self._ray.data
        data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        told = [{"key": key, "request": request.model_dump_json()} for key, request in rows]
        try:
            answered = data.from_items(told).map_batches(
                Replica,
                fn_constructor_kwargs={"told": self._told},
                batch_size=max(1, ceil(len(rows) / self._replicas / PARTS_A_REPLICA)),
                compute=data.ActorPoolStrategy(size=self._replicas),
                **self._resources(),
            )
            for row in answered.iter_rows():
                results[row["key"]] = self._read(row)
        except self._ray.exceptions.RayError as error:
            raise ProviderError(
                f"{self.name}: the batch broke off: {type(error).__name__}: {str(error).strip().splitlines()[-1]}",
                is_unbilled=True,
                trouble=Trouble.REFUSED,
            ) from error

    def _resources(self) -> Mapping[str, float]:
        """What a replica takes; a cluster without GPUs has vLLM's builds for CPUs."""
        has_gpus = self._ray.cluster_resources().get("GPU", 0) > 0
        return {"num_gpus": self._engines} if has_gpus else {"num_cpus": 1}

    def _read(self, row: Mapping[str, Any]) -> ChatReply | ProviderError:
        if row["reply"]:
            return ChatReply.model_validate_json(row["reply"])
        error = json.loads(row["error"])
        if error["trouble"] == _USERS:
            raise UserError(
                f"{error['text']} What the engine wrote is in Ray's logs: /tmp/ray/session_latest/logs there."
            )
        trouble = Trouble(error["trouble"])
        return ProviderError(error["text"], retryable=error["retryable"], is_unbilled=True, trouble=trouble)


class Replica:
    """An engine on some machine of the cluster."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        """Get ready; the model is loaded with the first rows."""
        self._engine = OfflineVllm(**told)

    def __call__(self, rows: Mapping[str, Any]) -> dict[str, list[str]]:
        """Answer rows: columns `key` and `request` in, `key`, `reply` and `error` out, all as JSON."""
        requests = [ChatRequest.model_validate_json(each) for each in rows["request"]]
        ends = self._engine.replies(requests)
        return {
            "key": list(rows["key"]),
            "reply": [each.model_dump_json() if isinstance(each, ChatReply) else "" for each in ends],
            "error": ["" if isinstance(each, ChatReply) else _told_of(each) for each in ends],
        }


def _told_of(error: ProviderError | UserError) -> str:
    if isinstance(error, UserError):
        return json.dumps({"text": str(error), "trouble": _USERS})
    return json.dumps({"text": str(error), "trouble": error.trouble.value, "retryable": error.retryable})


def _loaded() -> Any:
    try:
        import ray
        import ray.data  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise UserError(
            f"Batches of vllm-offline:… need Ray Data ({error}): pip install 'astral-safety[vllm,ray-data]'."
        ) from None
    module: Any = ray
    return module
