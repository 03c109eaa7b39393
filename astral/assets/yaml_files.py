"""YAML files, checked against a model, with errors that name the file and the line."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from astral.errors import UserError

Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        UserError: The file cannot be read, or is not YAML; file, line and column are named.
    """
    text = _read(path)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(_syntax_message(path, error)) from None


def read_model(path: Path, model: type[Model]) -> Model:
    """The content of a YAML file as a model; errors as those of `read_yaml` and `check_yaml`."""
    return check_yaml(path, read_yaml(path), model)


def check_yaml(path: Path, data: Any, model: type[Model]) -> Model:
    """What was read from a YAML file, as a model.

    Raises:
        UserError: A key is missing, unknown or of a wrong type; each is named with its line.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise UserError(_explain(path, error)) from None


def _explain(path: Path, error: ValidationError) -> str:
    """Say where in a YAML file each thing that a model rejects stands, and what is wrong with it."""
    problems = error.errors(include_url=False, include_context=False)
    shown = [f"{path}:{_line(path, problem['loc'])}: {_describe(problem)}" for problem in problems[:5]]
    more = f"\n… and {len(problems) - 5} more." if len(problems) > 5 else ""  # noqa: PLR2004 - five fit on a screen
    return "\n".join(shown) + more


def _describe(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"]) or "the file"
    if problem["type"] == "extra_forbidden":
        return f"{key} is not a known key."
    if problem["type"] == "missing":
        return f"{key} is missing."
    return f"{key}: {problem['msg']} (found {problem['input']!r:.80})."


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as UTF-8 text ({error}).") from None


def _syntax_message(path: Path, error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return (
            f"{path}:{mark.line + 1}:{mark.column + 1}: this is not YAML: {error.problem}. Mend the line and try again."
        )
    return f"{path}: this is not YAML: {error}."


def _line(path: Path, location: tuple[int | str, ...]) -> int:
    """Line of the deepest node on the way to a location; 1 where the way cannot be followed."""
    node = yaml.compose(_read(path), Loader=yaml.SafeLoader)
    line = 1
    for part in location:
        child = _child(node, part)
        if child is None:
            break
        line, node = child
    return line


def _child(node: Any, part: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line + 1, item
    return None
