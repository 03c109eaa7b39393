"""YAML files, checked against a model, with errors that name the file and the line."""

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from astral.errors import UserError

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]

SHOWN = 5
"""Problems of a file that are told at a time; more do not fit on a screen."""
DEEPEST = 100
"""Levels of nesting in a file."""
_KEY = re.compile(r"sk-[\w-]{6,}")
"""What keys look like: one that stands in a file by mistake must not get into a log as well."""
_PLAIN_WORDS = {
    "model_type": "should hold keys with values, such as `key: value`",
    "dict_type": "should hold keys with values, such as `key: value`",
    "mapping_type": "should hold keys with values, such as `key: value`",
    "tuple_type": "should be a list, such as [one, two]",
    "string_type": "should be a text",
    "path_type": "should be a path",
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "float_type": "should be a number",
    "float_parsing": "should be a number",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
    "too_short": "should have at least one entry",
}
"""What pydantic says in the words of Python, in those of someone who writes YAML."""


_SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""That of libyaml is ten times as fast; builds of PyYAML without it have only the other."""


class _Loader(_SafeLoader):
    """Loads plain data, and refuses a key that is there twice: YAML would let the last one win in silence."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for index, (key, _) in enumerate(node.value):
            if isinstance(key, yaml.ScalarNode) and key.value in keys[:index]:
                raise yaml.constructor.ConstructorError(
                    "while reading a mapping", node.start_mark, f"the key {key.value!r} is there twice", key.start_mark
                )
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        UserError: The file cannot be read, or is not YAML; file, line and column are named.
    """
    return parse_yaml(path, text_of(path))


def parse_yaml(path: Path, text: str) -> Any:
    """The content of YAML that stands in a file; errors as those of `read_yaml`."""
    try:
        if _is_deep(text):
            raise UserError(f"{path}: this is not YAML that can be read: it is nested too deeply.")
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a safe loader
    except (yaml.YAMLError, ValueError) as error:  # a date such as 2026-13-45 is a ValueError
        raise UserError(_syntax_message(path, error)) from None


def _is_deep(text: str) -> bool:
    """Nested deeper than DEEPEST; what builds the nodes calls itself at each level, and crashes at some depth."""
    if sum(map(text.count, "[{-?")) <= DEEPEST:  # each level but those of indentation begins with one of these
        return False
    depth = 0
    for event in yaml.parse(text, Loader=_SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            return True
    return False


class _Dumper(yaml.SafeDumper):
    """Writes texts in quotes, so that no reader, of YAML 1.1 or 1.2, takes `no` or `0o17` for something else."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style='"')

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(str, _Dumper.represent_text)


def to_yaml(value: Any) -> str:
    """Plain data as YAML, in the order in which it is given."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)


def read_model(path: Path, model: type[Model]) -> Model:
    """The content of a YAML file as a model; errors as those of `read_yaml` and `check_yaml`."""
    return check_yaml(path, read_yaml(path), model)


def check_yaml(path: Path, data: Any, model: type[Model], *, text: str | None = None) -> Model:
    """What was read from a YAML file, as a model.

    Args:
        path: The file.
        data: What was read from it.
        model: What it should be.
        text: The YAML, where it is only a part of the file.

    Raises:
        UserError: A key is missing, unknown or of a wrong type; each is named with its line.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        root = yaml.compose(text_of(path) if text is None else text, Loader=_SafeLoader)
        raise UserError(_explain(path, root, problems_of(error, data, model))) from None


HIDDEN = "hidden"
"""Type of a problem whose input is not shown, since it may be a key."""


def problems_of(error: ValidationError, data: Any, model: type[BaseModel]) -> list[tuple[Location, str]]:
    """What a model rejects, in plain words, each with the location in the data."""
    messages: dict[Location, list[ErrorDetails]] = {}
    for problem in error.errors(include_url=False, include_context=False):
        messages.setdefault(_location(problem, data), []).append(problem)
    return [(location, _describe(location, found, model)) for location, found in messages.items()]


def _explain(path: Path, root: yaml.Node | None, problems: Sequence[tuple[Location, str]]) -> str:
    """Say where in a YAML file each thing that a model rejects stands, and what is wrong with it."""
    lines = sorted((_line(root, location), text) for location, text in problems)
    shown = [f"{path}:{line}: {text}" for line, text in lines[:SHOWN]]
    more = [f"… and {len(problems) - SHOWN} more."] if len(problems) > SHOWN else []
    return "\n".join([*shown, *more])


def _location(problem: ErrorDetails, data: Any) -> Location:
    """Where in the data a problem lies; pydantic adds the branch of a union, which no file has."""
    location = problem["loc"]
    there = 0
    for part in location:
        if isinstance(data, Mapping) and part in data:
            data = cast("Mapping[Any, Any]", data)[part]
        elif isinstance(data, Sequence) and isinstance(part, int) and not isinstance(data, str):
            data = cast("Sequence[Any]", data)[part]
        else:
            break
        there += 1
    return location[: there + (problem["type"] == "missing")]


def _describe(location: Location, problems: Sequence[ErrorDetails], model: type[BaseModel]) -> str:
    key = ".".join(map(str, location)) or "the file"
    first = problems[0]
    if first["type"] == "extra_forbidden":
        known = _keys_at(model, location[:-1])
        near = get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        guess = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
        return f"{key} is not a known key. {guess}"
    if first["type"] == "missing":
        return f"{key} is missing."
    wanted = " or ".join(dict.fromkeys(map(_wanted, problems))).replace(" or should be ", " or ")
    if first["type"] == HIDDEN:
        return f"{key}: {first['msg']}."
    hint = ""
    if first["type"] == "string_type" and isinstance(first["input"], bool):
        hint = " YAML reads yes, no, on and off as true and false: put the word in quotes."
    return f"{key} {wanted} (found {_KEY.sub('sk-…', repr(first['input']))[:80]}).{hint}"


def _wanted(problem: ErrorDetails) -> str:
    message = problem["msg"].replace("Input should be", "should be").replace("Value error, ", "")
    return _PLAIN_WORDS.get(problem["type"], message)


def _keys_at(model: type[BaseModel], location: Location) -> list[str]:
    """The keys that a model, or a model within it, knows."""
    is_key = False
    for part in location:
        if isinstance(part, int) or is_key:
            is_key = False
            continue  # the field before it holds a list of models, or a mapping to models
        names = {field.alias or name: field for name, field in model.model_fields.items()}
        inner = _model_in(names[part].annotation) if part in names else None
        if inner is None:
            return []
        is_key = get_origin(names[part].annotation) is Mapping
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds: itself, or None, or many of it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def text_of(path: Path) -> str:
    """The text of a file.

    Raises:
        UserError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: this is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from None


def _syntax_message(path: Path, error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"{path}:{mark.line + 1}:{mark.column + 1}: this is not YAML: {error.problem}. Mend it and try again."
    return f"{path}: this is not YAML: {error}."


def line_of(path: Path, location: Location) -> int:
    """Line of what stands at a location in a YAML file, or of the deepest thing on the way to it."""
    return _line(yaml.compose(text_of(path), Loader=_SafeLoader), location)


def _line(node: yaml.Node | None, location: Iterable[int | str]) -> int:
    """Line of the deepest node on the way to a location; 1 where the way cannot be followed."""
    line = 1
    for part in location:
        child = _child(node, part)
        if child is None:
            break
        line, node = child
    return line


def _child(node: yaml.Node | None, part: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line + 1, item
    return None
