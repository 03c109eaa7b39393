"""A run's models and functions on other machines: each is opened in workers of a Ray cluster, and asked there.

The planner, the budget, the limiters and the record stay with the run's own process, which writes every call down
before it is sent and every answer before anything depends on it. So a worker holds nothing that could be lost: when one
is killed, only what it was doing is done again, by another one. Keys are those of the workers' own environments.
"""

import logging
import os
from pathlib import Path
from typing import Any, Final

from astral.config import Environment, Settings
from astral.domain.chat import ChatReply, ChatRequest, ModelRole
from astral.domain.ports import ChatModel, Target
from astral.domain.records import TestCase, Transcript
from astral.errors import AstralError, ProviderError, StageError, Trouble, UserError
from astral.plugins import PartContext, Port, make_part

RAY: Final = "ray"
LIVES: Final = 4
"""Workers that may be lost over one test of a target that is no model; a test that takes all of them with it fails."""


class Host:
    """What a worker is: the parts of the run, opened once each by their names."""

    def __init__(self, settings: dict[str, Any], folder: str) -> None:
        if Path(folder).is_dir():  # where modules of `python:` lie, if the worker sees the same files
            os.chdir(folder)
        self._settings = Settings.model_validate(settings)
        self._parts: dict[tuple[str, str, str], Any] = {}

    async def chat(self, spec: str, role: str, base_url: str | None, request: dict[str, Any]) -> dict[str, Any]:
        """What a chat model answers, or why it did not."""
        asked = ChatRequest.model_validate(request)
        try:
            reply: ChatReply = await self._part(Port.CHAT_MODEL, spec, role, base_url).chat(asked)
        except AstralError as error:
            return _told(error)
        # `rates` is left out of what is recorded, and the limiter needs it.
        rates = reply.rates.model_dump(mode="json") if reply.rates else None
        return {"reply": {**reply.model_dump(mode="json"), "rates": rates}}

    async def respond(self, spec: str, role: str, base_url: str | None, case: dict[str, Any]) -> dict[str, Any]:
        """What a target answers, or why it did not."""
        asked = TestCase.model_validate(case)
        try:
            transcript: Transcript = await self._part(Port.TARGET, spec, role, base_url).respond(asked)
        except AstralError as error:
            return _told(error)
        return {"transcript": transcript.model_dump(mode="json")}

    def _part(self, port: Port, spec: str, role: str, base_url: str | None) -> Any:
        key = (spec, role, base_url or "")
        if key not in self._parts:
            context = PartContext(self._settings, Environment(), ModelRole(role), base_url)
            self._parts[key] = make_part(port, spec, context)
        return self._parts[key]


class Workers:
    """The workers of a run: each call goes to the one that has the fewest under way."""

    def __init__(self, settings: Settings) -> None:
        """Start them, on the cluster that `workers` names, on this machine's own, or on a new one for this run alone.

        Raises:
            UserError: Ray is not installed, or there is no cluster at the address.
        """
        count, address = workers_of(settings.workers or RAY)
        # astral has no telemetry, and brings none along.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray  # pyright: ignore[reportMissingImports]
        except ModuleNotFoundError as error:
            raise UserError("--workers ray needs Ray: pip install 'astral-safety[ray]'.") from error
        self._ray: Any = ray
        self._is_ours = not ray.is_initialized()
        if self._is_ours:
            try:
                ray.init(address=address, include_dashboard=None if address else False, logging_level=logging.ERROR)
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise UserError(
                    f"--workers {settings.workers}: there is no Ray cluster to be reached ({error})."
                ) from None
        nodes = sum(bool(node["Alive"]) for node in ray.nodes())
        # They wait for answers more than they compute; and their calls are limited by the run.
        self._remote: Any = ray.remote(Host).options(
            num_cpus=0, scheduling_strategy="SPREAD", max_concurrency=2 * settings.concurrency
        )
        self._told = settings.model_dump(mode="json"), str(Path.cwd())
        self._hosts = [self._begin() for _ in range(count or max(2, nodes))]
        self._under_way = [0] * len(self._hosts)

    async def ask(self, method: str, *arguments: object) -> dict[str, Any]:
        """What a worker says.

        Raises:
            ProviderError: The worker was lost; a new one is under way.
        """
        place = min(range(len(self._hosts)), key=self._under_way.__getitem__)
        self._under_way[place] += 1
        host = self._hosts[place]
        try:
            return await getattr(host, method).remote(*arguments)
        except self._ray.exceptions.RayActorError as error:
            if self._hosts[place] is host:  # the first of its calls to notice
                self._hosts[place] = self._begin()
            raise ProviderError(
                f"a worker was lost in the midst of a call ({type(error).__name__})",
                retryable=True,
                trouble=Trouble.CONNECTION,
            ) from error
        finally:
            self._under_way[place] -= 1

    def _begin(self) -> Any:
        """A new worker; calls wait until it is there."""
        return self._remote.remote(*self._told)

    def close(self) -> None:
        """Let them go, and the cluster if it was for this run alone."""
        for host in self._hosts:
            self._ray.kill(host)
        if self._is_ours:
            self._ray.shutdown()


class RemoteModel:
    """A chat model that workers ask."""

    def __init__(self, workers: Workers, model: ChatModel, spec: str, role: ModelRole, base_url: str | None) -> None:
        """Name the model.

        Args:
            workers: Ask it.
            model: The same one, opened here: so that what is wrong with it is told before anything is sent.
            spec: Its name in the settings.
            role: What it is asked for.
            base_url: Its address; None for the vendor's own.
        """
        self.name = model.name
        self._workers, self._model, self._asked = workers, model, (spec, role.value, base_url)

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            ProviderError: The endpoint failed, or the worker was lost.
        """
        said = await self._workers.ask("chat", *self._asked, request.model_dump(mode="json"))
        return ChatReply.model_validate(_checked(said)["reply"])

    async def close(self) -> None:
        """Close the one that was opened here."""
        await self._model.close()


class RemoteTarget:
    """A target that is no model, asked by workers."""

    def __init__(self, workers: Workers, target: Target, spec: str, base_url: str | None) -> None:
        self.name = target.name
        self._workers, self._asked = workers, (spec, ModelRole.TARGET.value, base_url)

    async def respond(self, case: TestCase) -> Transcript:
        """Talk about one case; where a worker is lost over it, another one begins anew.

        Raises:
            StageError: The target did not answer, or took every worker down that asked it.
        """
        for life in range(LIVES):
            try:
                said = await self._workers.ask("respond", *self._asked, case.model_dump(mode="json"))
            except ProviderError:
                if life == LIVES - 1:
                    raise
            else:
                return Transcript.model_validate(_checked(said)["transcript"])
        raise AssertionError("the last life either returns or raises")


def workers_of(told: str) -> tuple[int | None, str | None]:
    """How many workers `ray`, `ray:4` or `ray:4@ADDRESS` asks for, and where; None: as many as nodes, on any cluster.

    Raises:
        UserError: It is none of these.
    """
    kind, _, rest = told.partition(":")
    count, _, address = rest.partition("@")
    if kind != RAY or (count and not count.isdecimal()) or count == "0":
        raise UserError(f"--workers {told}: write ray, ray:4 for four workers, or ray:4@ray://HOST:10001.")
    return int(count) if count else None, address or os.environ.get("RAY_ADDRESS") or None


def _told(error: AstralError) -> dict[str, Any]:
    """An error as plain values: its class may be known to the worker alone."""
    if not isinstance(error, ProviderError):
        return {"error": str(error), "is_users": isinstance(error, UserError)}
    names = ("retryable", "retry_after_seconds", "is_unbilled")
    return {"error": str(error), "trouble": error.trouble.value, **{name: getattr(error, name) for name in names}}


def _checked(said: dict[str, Any]) -> dict[str, Any]:
    if "error" not in said:
        return said
    if "trouble" not in said:
        raise (UserError if said["is_users"] else StageError)(said["error"])
    raise ProviderError(
        said["error"],
        retryable=said["retryable"],
        retry_after_seconds=said["retry_after_seconds"],
        is_unbilled=said["is_unbilled"],
        trouble=Trouble(said["trouble"]),
    )
