"""Taxonomy files, and the seeds and frames from which the composer builds test cases."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Self

import regex
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from astral.assets.folders import asset_folder
from astral.assets.yaml_files import Location, check_yaml, line_of, parse_yaml, read_model, text_of
from astral.domain.base import Noun
from astral.domain.records import Message
from astral.domain.space import Taxonomy, Value
from astral.errors import UnknownNameError, UserError

Texts = tuple[str, ...]

HUB: Final = "astral-14"
"""The taxonomy through which all others are mapped to each other and to what laws and standards ask for."""
RISKS_TRAIT: Final = "risks"
"""Trait of a value of another taxonomy: the values of the hub that it is nearest to."""
_BENIGN: Final = "-benign"
"""Behind the id of a taxonomy: the folder of its benign seeds."""


class SeedFile(Noun):
    """`taxonomies/seeds/<taxonomy>/<language>.yaml`: scenario seeds by risk."""

    taxonomy: str
    language: str
    seeds: Mapping[str, Texts]


_SLOT = "{request}"
_TASK_SLOT = "{task}"
_ALTERNATIVES = regex.compile(r"\[[^][|]*(\|[^][|]*)+\]")


class FrameFile(Noun):
    """`taxonomies/frames/<language>.yaml`: what is put around a seed, by dimension and value.

    A frame has one slot: `{request}`, or `{task}` for a request as a bare instruction, as in “Could you {task}?”. Of
    `[these|those]` one is chosen each time, so that one frame has many wordings.
    """

    language: str
    verbs: Texts = ()
    """What a request begins with that can stand in the slot `{task}`; of languages whose imperative fits there."""
    frames: Mapping[str, Mapping[str, Texts]] = Field(default={})

    @model_validator(mode="after")
    def _frames_are_well_formed(self) -> Self:
        for dimension, values in self.frames.items():
            for value, frames in values.items():
                for frame in frames:
                    outside = _ALTERNATIVES.sub("", frame)
                    if outside.count(_SLOT) + outside.count(_TASK_SLOT) != 1 or "[" in outside or "]" in outside:
                        raise ValueError(
                            f"{dimension} {value}: a frame has {_SLOT} or {_TASK_SLOT} in it once, outside of "
                            f"brackets, and these stand around alternatives such as [these|those]: {frame}"
                        )
        return self


def _messages(given: Any) -> Any:
    """A frame as its file has it: a text is a user's message, several messages are a list such as `- user: text`."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return [
        {"role": role, "content": text}
        for message in given
        for role, text in (message.items() if isinstance(message, Mapping) else [("", message)])
    ]


def _has_one_slot(frame: tuple[Message, ...]) -> tuple[Message, ...]:
    if sum(message.content.count(_SLOT) for message in frame) != 1:
        raise ValueError(f"a frame has {_SLOT} in it once")
    return frame


TransformFrame = Annotated[tuple[Message, ...], BeforeValidator(_messages), AfterValidator(_has_one_slot)]
"""Messages, one of which has the slot `{request}`."""


class TransformFile(Noun):
    """`taxonomies/transforms/<language>.yaml`: what transforms put around a request."""

    language: str
    filler: Texts
    """Neutral sentences, of which long contexts are made."""
    frames: Mapping[str, tuple[TransformFrame, ...]]
    """By the name of the transform."""
    pointers: Texts = ()
    """What is said beside a picture that shows the request; nothing of the request is in it."""


class ScriptFile(Noun):
    """`taxonomies/strategies/<language>.yaml`: what the user says in talks that follow a script."""

    language: str
    scripts: Mapping[str, Texts]
    """By strategy, one line a turn; {request} stands for the request, {part} for the next piece of it."""


def load_taxonomy(name_or_path: str | Path) -> Taxonomy:
    """A shipped taxonomy by its name, or anybody's by the path of its file.

    Raises:
        UnknownNameError: No shipped taxonomy has this name.
        UserError: The file is not a taxonomy; file and line are named.
    """
    path = _taxonomy_path(name_or_path)
    return _parsed(path, text_of(path))


@lru_cache(maxsize=64)
def _parsed(path: Path, text: str) -> Taxonomy:
    """Kept, as a run asks for each of its taxonomies dozens of times; a file that has changed has another text."""
    taxonomy = check_yaml(path, parse_yaml(path, text), Taxonomy)
    ids = Counter(value.id for value in taxonomy.values)
    twice = [value_id for value_id, count in ids.items() if count > 1]
    if twice:
        raise UserError(f"{path}: the values {', '.join(twice)} are there twice. Every id stands for one value.")
    for place, value in enumerate(taxonomy.values):
        _check_risks(path, place, value)
    return taxonomy


def _check_risks(path: Path, place: int, value: Value) -> None:
    if RISKS_TRAIT not in value.traits:
        return
    named = value.traits[RISKS_TRAIT]
    known = _hub_risks()
    if isinstance(named, list) and named and all(str(risk) in known for risk in named):
        return
    # The line is looked up only now: it takes as long as reading the file.
    where = f"{path}:{line_of(path, ('values', place, RISKS_TRAIT))}"
    if not isinstance(named, list) or not named:
        raise UserError(f"{where}: `{RISKS_TRAIT}` is a list of values of {HUB}, such as [privacy_violation].")
    unknown = next(str(risk) for risk in named if str(risk) not in known)
    raise UnknownNameError(f"value of {HUB}", unknown, known, where=where)


@cache
def _hub_risks() -> list[str]:
    return [value.id for value in load_taxonomy(HUB).values]


def risks_of(value: Value) -> tuple[str, ...]:
    """The values of the hub that a value is nearest to, the nearest first; none where its file does not say."""
    named = value.traits.get(RISKS_TRAIT)
    return tuple(map(str, named)) if isinstance(named, list) else ()


def taxonomy_place(name_or_path: str | Path, location: Location) -> str:
    """File and line of what stands at a location in a taxonomy's file, such as `mine.yaml:12`."""
    path = _taxonomy_path(name_or_path)
    return f"{path}:{line_of(path, location)}"


def taxonomy_digest(name_or_path: str | Path) -> str:
    """The first 16 hex digits of the SHA-256 of a taxonomy's file."""
    return hashlib.sha256(_taxonomy_path(name_or_path).read_bytes()).hexdigest()[:16]


def taxonomy_names() -> list[str]:
    """The shipped taxonomies."""
    return sorted(path.stem for path in asset_folder("taxonomies").glob("*.yaml"))


def taxonomy_schema() -> dict[str, Any]:
    """JSON schema of a taxonomy file, for editors."""
    schema = Taxonomy.model_json_schema()
    value = schema["$defs"]["Value"]
    # In a file the traits of a value stand beside its name, not in a mapping of their own.
    del value["properties"]["traits"]
    value["additionalProperties"] = True
    return schema


@cache
def load_seeds(taxonomy_id: str, language: str) -> Mapping[str, Texts]:
    """Scenario seeds by risk value; none where no file exists for this taxonomy and language."""
    path = asset_folder("taxonomies") / "seeds" / taxonomy_id / f"{language}.yaml"
    return read_model(path, SeedFile).seeds if path.is_file() else {}


def seed_folder(taxonomy_id: str, *, benign: bool = False) -> str:
    """Name of the folder of a taxonomy's seeds."""
    return taxonomy_id + (_BENIGN if benign else "")


def seeds_of(taxonomy: Taxonomy, language: str, *, benign: bool = False) -> Mapping[str, Texts]:
    """Scenario seeds by risk value: a value's own, or else those of the hub's values that it is nearest to.

    Args:
        taxonomy: The taxonomy of risks.
        language: Id of the language.
        benign: The seeds of harmless look-alikes.
    """
    own = load_seeds(seed_folder(taxonomy.id, benign=benign), language)
    hub = load_seeds(seed_folder(HUB, benign=benign), language)
    near = {
        value.id: tuple(text for risk in risks_of(value) for text in hub.get(risk, ())) for value in taxonomy.values
    }
    return {**{risk: texts for risk, texts in near.items() if texts}, **own}


def load_frames(language: str) -> Mapping[str, Mapping[str, Texts]]:
    """Frames by dimension and value; none where no file exists for this language."""
    return _frame_file(language).frames


def task_verbs(language: str) -> Texts:
    """What a request begins with that can stand in the slot `{task}` of a frame; none where no frame has it."""
    return _frame_file(language).verbs


@cache
def _frame_file(language: str) -> FrameFile:
    path = asset_folder("taxonomies") / "frames" / f"{language}.yaml"
    return read_model(path, FrameFile) if path.is_file() else FrameFile(language=language)


@cache
def load_transform_file(language: str) -> TransformFile:
    """What transforms put around a request in this language; frames that it lacks are taken from the English file."""
    folder = asset_folder("taxonomies") / "transforms"
    english, path = read_model(folder / "en.yaml", TransformFile), folder / f"{language}.yaml"
    if not path.is_file():
        return english
    own = read_model(path, TransformFile)
    merged = {"frames": {**english.frames, **own.frames}, "pointers": own.pointers or english.pointers}
    return own.model_copy(update=merged)


@cache
def load_scripts(language: str) -> Mapping[str, Texts]:
    """Lines by strategy; those that this language lacks are taken from the English file."""
    folder = asset_folder("taxonomies") / "strategies"
    english, path = read_model(folder / "en.yaml", ScriptFile).scripts, folder / f"{language}.yaml"
    return {**english, **read_model(path, ScriptFile).scripts} if path.is_file() else english


def seed_languages(taxonomy: Taxonomy) -> list[str]:
    """Languages in which a taxonomy has seeds of its own, or may use those of the hub."""
    folders = [taxonomy.id, HUB] if any(map(risks_of, taxonomy.values)) else [taxonomy.id]
    seeds = asset_folder("taxonomies") / "seeds"
    return sorted({path.stem for folder in folders for path in (seeds / folder).glob("*.yaml")})


def _taxonomy_path(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"} or isinstance(name_or_path, Path):
        return path
    shipped = asset_folder("taxonomies") / f"{name_or_path}.yaml"
    if not shipped.is_file():
        raise UnknownNameError(
            "taxonomy",
            str(name_or_path),
            taxonomy_names(),
            hint="A file of your own is named by its path, ending in .yaml.",
        )
    return shipped
