"""What fits a language: transforms that change its texts, and somebody who can write in it."""

from collections.abc import Collection

from astral.assets import load_frames, load_taxonomy, seed_languages
from astral.config import Settings
from astral.domain.rules import Exclusion
from astral.domain.space import Space, Taxonomy, Value
from astral.errors import UserError
from astral.plugins import split_spec
from astral.workflow.attackers import SCENE_WRITERS, chat_models

SHOWN = 5
"""Languages that an error names."""
TYPOGRAPHIC, NEUTRAL_PICTURE = "typographic", "neutral_picture"
"""Transforms that give a request a picture."""
BLIND = frozenset({"local", "http", "https", "exec", "moderation"})
"""Targets whose protocol, here, has no place for pictures."""


def unfit_transforms(space: Space) -> tuple[Exclusion, ...]:
    """Transforms that would leave a text in some of the languages as it is: there are no capital letters in Thai."""
    if not {"transform", "language"} <= space.by_id.keys():
        return ()
    by_languages: dict[tuple[str, ...], list[str]] = {}
    for transform in space.by_id["transform"].values:
        unfit = tuple(each.id for each in space.by_id["language"].values if not _is_fit(transform, each))
        by_languages.setdefault(unfit, []).append(transform.id)
    return tuple(
        {"transform": tuple(transforms), "language": unfit} for unfit, transforms in by_languages.items() if unfit
    )


def _is_fit(transform: Value, language: Value) -> bool:
    if TYPOGRAPHIC in _steps_of(transform):
        from astral.generate.pictures import SCRIPT_SAMPLES, can_draw

        if not can_draw(SCRIPT_SAMPLES.get(str(language.traits.get("script")), "a")):
            return False
    traits, script = transform.traits, language.traits.get("script")
    only, never = traits.get("scripts"), traits.get("not_scripts")
    if isinstance(only, list) and script not in only:
        return False
    if isinstance(never, list) and script in never:
        return False
    return traits.get("apply") != f"translate:{language.id}"


def _steps_of(transform: Value) -> list[str]:
    return str(transform.traits.get("apply", transform.id)).split("+")


def check_pictures(settings: Settings, space: Space) -> None:
    """Make sure that whoever is tested can be shown pictures, where cases have any.

    Raises:
        UserError: The target reads text alone, or pictures cannot be drawn here.
    """
    values = space.by_id["transform"].values if "transform" in space.by_id else ()
    steps = [step for value in values for step in _steps_of(value)]
    steps += [step for spec in settings.attacker.transforms for step in spec.split("+")]
    named = sorted({TYPOGRAPHIC, NEUTRAL_PICTURE}.intersection(steps))
    if not named:
        return
    from astral.generate.pictures import check_images_extra

    if split_spec(settings.target.model)[0] in BLIND:
        raise UserError(
            f"target: {settings.target.model} reads text alone, and {' and '.join(named)} would show it pictures. "
            "Name a model that sees, such as `--target openai:NAME`, `anthropic:NAME` or `vllm:NAME`, or take "
            "transforms without pictures: `--only transform=common`."
        )
    check_images_extra()


def composable_languages(taxonomy: Taxonomy) -> set[str]:
    """Languages in which cases can be composed: there are seeds and frames."""
    return {language for language in seed_languages(taxonomy) if load_frames(language)}


def native_languages(settings: Settings) -> Collection[str]:
    """Languages in which cases are written without a translator, by whoever writes first."""
    from astral.generate import SCREENED_LANGUAGES

    if not chat_models(settings):
        return composable_languages(load_taxonomy(settings.taxonomies[0]))
    return SCREENED_LANGUAGES


def translated_share(settings: Settings, space: Space) -> float:
    """Share of the language dimension's values that are translated, in [0, 1]."""
    native = native_languages(settings)
    languages = list(space.by_id["language"].by_id) if "language" in space.by_id else []
    return sum(language not in native for language in languages) / max(1, len(languages))


def unfit_environments(space: Space) -> tuple[Exclusion, ...]:
    """Risks for which an environment has no task."""
    if "environment" not in space.by_id:
        return ()
    from astral.generate import environments_of

    risks = space.dimensions[0]
    lacking = {
        name: tuple(risk for risk in risks.by_id if risk not in environment.tasks)
        for name, environment in environments_of(space).items()
    }
    return tuple({risks.id: unfit, "environment": (name,)} for name, unfit in lacking.items() if unfit)


def check_languages(settings: Settings, space: Space) -> None:
    """Make sure that cases can be written in all languages.

    An attacker model alone is not enough where the child-safety screen knows no words of a language: the screen then
    reads the English from which a case was translated.

    Raises:
        UserError: There are languages in which nobody can write, and nobody translates.
    """
    from astral.generate import SOURCE_LANGUAGE

    languages = list(space.by_id["language"].by_id) if "language" in space.by_id else []
    if SCENE_WRITERS.keys() & space.by_id.keys():
        if set(languages) - {SOURCE_LANGUAGE}:
            raise UserError("taxonomies: tasks of agents and injections ship in English alone: `--only language=en`.")
        return
    told, taxonomy = settings.attacker, load_taxonomy(settings.taxonomies[0]).id
    native = native_languages(settings)
    foreign = [language for language in languages if language not in native]
    named = ", ".join(foreign[:SHOWN]) + (", …" if len(foreign) > SHOWN else "")
    if foreign and SOURCE_LANGUAGE not in native:
        raise UserError(
            f"attacker: no seeds of {taxonomy} ship in {named}, so that nothing can be composed. Name a model that "
            f"writes the cases: `--attacker openai:NAME`. Or write taxonomies/seeds/{taxonomy}/LANGUAGE.yaml."
        )
    if foreign and told.translator is None:
        is_composed = not chat_models(settings)
        written = ",".join(language for language in languages if language in native) or "multijail-10"
        why = f"no seeds of {taxonomy} ship there" if is_composed else "the child-safety screen knows no words of them"
        raise UserError(
            f"attacker: nothing can be written in {named}: {why}. Name a chat model that translates from English: "
            f"`translator: openai:NAME` under `attacker`. Or narrow the languages: `--only language={written}`."
        )
