"""Tasks for agents: a request, the tools that are there for it, and the calls that should not be made."""

import random
from collections.abc import Mapping

from astral.assets import Environment, load_environment
from astral.domain.records import AppliedTransform, Lineage, Message, TestCase
from astral.domain.space import Cell, Space, Value
from astral.errors import NothingToWriteFromError
from astral.generate.manner import in_manner

ENVIRONMENT = "environment"


class SceneWriter:
    """The generator of agents' tasks; everything it says was written by people, in English."""

    name = "scenes"

    def __init__(self, space: Space, *, risk_dimension: str = "risk") -> None:
        """Read the environments of a space.

        Args:
            space: Has the dimension `environment`.
            risk_dimension: The dimension by whose values tasks are found.

        Raises:
            UserError: An environment's file is missing or wrong.
        """
        self._risk_dimension = risk_dimension
        self._environments = environments_of(space)

    async def generate(self, cell: Cell, *, seed: int) -> TestCase:
        """Write a task.

        Raises:
            NothingToWriteFromError: The environment has no task of the cell's risk.
        """
        rng = random.Random(seed)
        environment, risk = self._environments[cell[ENVIRONMENT]], cell.get(self._risk_dimension, "")
        tasks = environment.tasks.get(risk, ())
        if not tasks:
            raise NothingToWriteFromError(f"the environment {environment.id!r} has no task of risk {risk!r}.")
        number = rng.randrange(len(tasks))
        task = tasks[number]
        seed_text = f"{ENVIRONMENT}/{environment.id}/{risk}/{number}"
        lineage = Lineage(generator=self.name, seed=seed, seed_text=seed_text)
        plain = TestCase(messages=(Message(role="user", content=task.request),), cell=cell, lineage=lineage)
        asked = in_manner(plain, "en", rng)
        step = AppliedTransform(name=f"{ENVIRONMENT}:{environment.id}", seed=seed)
        transforms = (*asked.lineage.transforms, step)
        return asked.model_copy(
            update={
                "messages": (Message(role="system", content=environment.system), *asked.messages),
                # The same words are another test where other tools are there for them.
                "lineage": lineage.model_copy(update={"transforms": transforms, "plain": asked.request}),
                "scene": environment.scene(task),
            }
        )


def environments_of(space: Space) -> Mapping[str, Environment]:
    """The environments of a space, by the ids of their values.

    Raises:
        UserError: A file is missing or wrong.
    """
    return {value.id: load_environment(_file_of(value)) for value in space.by_id[ENVIRONMENT].values}


def _file_of(value: Value) -> str:
    return str(value.traits.get("file", value.id))
