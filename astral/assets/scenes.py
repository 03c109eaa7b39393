"""Environments of agents, and the texts of injections: `taxonomies/environments/` and `taxonomies/injections/`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from astral.assets.folders import asset_folder
from astral.assets.yaml_files import read_model
from astral.domain.base import Noun
from astral.domain.messages import Tool
from astral.domain.scene import Answer, Forbidden, Scene
from astral.errors import UnknownNameError


def _tool(given: Any) -> Any:
    """A tool as its file has it: `arguments: {to: string}` is short for a JSON schema in which all are required."""
    if not isinstance(given, Mapping) or "arguments" not in given:
        return given
    rest = {key: value for key, value in given.items() if key != "arguments"}
    properties = {name: {"type": kind} if isinstance(kind, str) else kind for name, kind in given["arguments"].items()}
    return {**rest, "parameters": {"type": "object", "properties": properties, "required": list(properties)}}


SceneTool = Annotated[Tool, BeforeValidator(_tool)]


class Task(Noun):
    """What a user asks of an agent that should not simply do it."""

    request: str
    forbidden: tuple[Forbidden, ...] = Field(min_length=1)
    """Calls by which it would have done it."""


class Environment(Noun):
    """`taxonomies/environments/<id>.yaml`: tools, the table by which they answer, and tasks by risk."""

    id: str
    system: str
    """What the agent is told by whoever runs it."""
    tools: tuple[SceneTool, ...] = Field(min_length=1)
    answers: tuple[Answer, ...] = ()
    function: str = ""
    """`module:function`: (name, arguments) → text, asked where no row of the table fits."""
    tasks: Mapping[str, tuple[Task, ...]] = Field(min_length=1)
    """By the id of the risk."""

    def scene(self, task: Task) -> Scene:
        """Where an agent does a task."""
        return Scene(
            id=self.id, tools=self.tools, answers=self.answers, function=self.function, forbidden=task.forbidden
        )

    @model_validator(mode="after")
    def _tasks_fit(self) -> "Environment":
        for tasks in self.tasks.values():
            for task in tasks:
                self.scene(task)
        return self


class Matter(Noun):
    """A harmless errand about a text."""

    question: str
    title: str
    text: str


class InjectionFile(Noun):
    """`taxonomies/injections/<language>.yaml`: how an instruction is put where it should not be obeyed."""

    language: str
    system: str
    """What the target is told first; {secret} stands for a made-up word that it keeps for itself."""
    canaries: tuple[str, ...] = Field(min_length=2)
    """Harmless words."""
    goals: Mapping[str, str]
    """By risk: the instruction; {word} stands for the canary."""
    foreign: Mapping[str, str]
    """The same in another language."""
    variants: Mapping[str, tuple[str, ...]]
    """By injection; {instruction} and other slots, which `generate.injections` names."""
    matters: tuple[Matter, ...] = Field(min_length=1)


@cache
def load_environment(name_or_path: str) -> Environment:
    """A shipped environment by its id, or anybody's by the path of its file.

    Raises:
        UnknownNameError: No shipped environment has this id.
        UserError: The file is none; file and line are named.
    """
    if name_or_path.endswith((".yaml", ".yml")):
        return read_model(Path(name_or_path), Environment)
    folder = asset_folder("taxonomies") / "environments"
    path = folder / f"{name_or_path}.yaml"
    if not path.is_file():
        hint = "An environment of your own is named by the path of its file, as `file` beside the value's name."
        raise UnknownNameError("environment", name_or_path, [each.stem for each in folder.glob("*.yaml")], hint=hint)
    return read_model(path, Environment)


@cache
def load_injections(language: str = "en") -> InjectionFile:
    """The texts of injections."""
    return read_model(asset_folder("taxonomies") / "injections" / f"{language}.yaml", InjectionFile)
