"""Prompt files: Markdown with a front matter, the text a Jinja2 template."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateSyntaxError, meta
from pydantic import Field, JsonValue

from astral.assets.folders import asset_folder
from astral.assets.yaml_files import check_yaml, parse_yaml, text_of
from astral.domain.base import Noun
from astral.domain.records import PromptRef
from astral.errors import UnknownNameError, UserError

_ENVIRONMENT = Environment(  # noqa: S701 - prompts are plain text; what goes into HTML is rendered by `templates`
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


class _FrontMatter(Noun):
    id: str
    version: int = Field(ge=1)
    variables: tuple[str, ...]
    output_schema: Mapping[str, JsonValue] | None = Field(default=None, alias="schema")
    source: str


@dataclass(frozen=True)
class Prompt:
    """A prompt file."""

    id: str
    version: int
    """Raised when the wording changes."""
    variables: tuple[str, ...]
    schema: Mapping[str, JsonValue] | None
    """JSON schema of the answer; None where it is free text."""
    source: str
    text: str
    digest: str

    @property
    def ref(self) -> PromptRef:
        """What a record keeps of a prompt."""
        return PromptRef(id=self.id, version=self.version, digest=self.digest)

    def render(self, **variables: Any) -> str:
        """Fill the template in; a variable that is missing, or too many, is a programming error."""
        if set(variables) != set(self.variables):
            raise TypeError(f"prompt {self.id} takes {sorted(self.variables)}, not {sorted(variables)}")
        return _template(self.text).render(**variables).strip()


@cache
def load_prompt(prompt_id: str) -> Prompt:
    """Read `prompts/<id>.md`.

    Raises:
        UnknownNameError: There is no such prompt.
        UserError: It is wrong, see `read_prompt`.
    """
    path = asset_folder("prompts") / f"{prompt_id}.md"
    if not path.is_file():
        raise UnknownNameError("prompt", prompt_id, _prompt_ids())
    return read_prompt(path)


def read_prompt(path: Path) -> Prompt:
    """Read a prompt file.

    Raises:
        UserError: It is no text, the front matter is missing or wrong, the rest is no template, or it uses other
            variables.
    """
    raw = text_of(path)
    fence, _, rest = raw.partition("---\n")
    front, closing, text = rest.partition("\n---\n")
    if fence or not closing:
        raise UserError(f"{path}:1: a prompt starts with a front matter between two lines of three dashes.")
    front = f"\n{front}"  # the fence's line, so that errors name the right one
    head = check_yaml(path, parse_yaml(path, front), _FrontMatter, text=front)
    try:
        used = meta.find_undeclared_variables(_ENVIRONMENT.parse(text))
    except TemplateSyntaxError as error:
        line = front.count("\n") + 2 + error.lineno
        raise UserError(f"{path}:{line}: this is not a Jinja template: {error.message}.") from None
    except RecursionError:
        raise UserError(f"{path}: this is not a Jinja template: its brackets are nested too deeply.") from None
    if used != set(head.variables):
        raise UserError(f"{path}: the front matter names {sorted(head.variables)}, the text uses {sorted(used)}.")
    return Prompt(
        id=head.id,
        version=head.version,
        variables=head.variables,
        schema=head.output_schema,
        source=head.source,
        text=text,
        digest=hashlib.sha256(raw.encode()).hexdigest()[:16],
    )


@cache
def _template(text: str) -> Template:
    """Compiled once: it takes 20 times as long as filling it in."""
    return _ENVIRONMENT.from_string(text)


def prompt_refs() -> tuple[PromptRef, ...]:
    """All prompts as they are now, for a manifest."""
    return tuple(load_prompt(prompt_id).ref for prompt_id in _prompt_ids())


def _prompt_ids() -> list[str]:
    folder = asset_folder("prompts")
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.md"))
