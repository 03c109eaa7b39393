"""What is read from files of requests: those that mode mutate starts from, and those that no case may repeat."""

from functools import cache
from pathlib import Path

from astral.assets import load_taxonomy
from astral.config import Settings
from astral.domain.base import content_id
from astral.errors import UserError
from astral.generate import SOURCE_LANGUAGE
from astral.generate.evidence.corpus import CorpusEntry
from astral.workflow.space import space_of


def imported_entries(settings: Settings) -> tuple[CorpusEntry, ...]:
    """The requests in `attacker.cases` that are in an active language; none where there is no such setting.

    Raises:
        UserError: The file is missing or cannot be read, or holds no request in any of the languages.
    """
    path = settings.attacker.cases
    if path is None:
        return ()
    dimension = space_of(settings)[0].by_id.get("language")
    languages = tuple(value.id for value in dimension.values) if dimension else (SOURCE_LANGUAGE,)
    if settings.attacker.translator:
        languages = (*languages, SOURCE_LANGUAGE)
    entries = _read(path, settings.taxonomies[0], languages)
    if not entries:
        raise UserError(f"{path}: there is no request in {', '.join(languages)} in it.")
    return entries


def imported_digest(settings: Settings) -> str:
    """Hash of those requests; empty where there are none."""
    entries = imported_entries(settings)
    return content_id(*entries) if entries else ""


def is_file_of_texts(named: str) -> bool:
    """An entry of `novel_against` names a file or folder, not a run."""
    return Path(named).exists() or bool(Path(named).suffix) or "/" in named


def published_texts(settings: Settings) -> tuple[str, ...]:
    """The texts in the files and folders of `novel_against`.

    Raises:
        UserError: One is missing or cannot be read, or holds no text.
    """
    texts: list[str] = []
    for named in filter(is_file_of_texts, settings.novel_against):
        found = _texts(Path(named), settings.taxonomies[0])
        if not found:
            raise UserError(f"{named}: there is no text in it that a case could repeat.")
        texts += found
    return tuple(texts)


def published_digest(settings: Settings) -> str:
    """Hash of those texts; empty where there are none."""
    texts = published_texts(settings)
    return content_id(*texts) if texts else ""


def _texts(path: Path, taxonomy: str) -> tuple[str, ...]:
    from astral.generate.evidence.reading import Reading, read_texts

    risks = load_taxonomy(taxonomy).as_dimension()
    # In whatever language: what is published is compared with every draft.
    return tuple(text.text for text in read_texts(path, Reading(), risks=risks, identify=lambda _: ""))


@cache
def _read(path: Path, taxonomy: str, languages: tuple[str, ...]) -> tuple[CorpusEntry, ...]:
    from astral.generate.evidence.reading import Reading, read_texts
    from astral.generate.identification import LanguageIdentifier

    risks = load_taxonomy(taxonomy).as_dimension()
    texts = read_texts(path, Reading(), risks=risks, identify=LanguageIdentifier(languages).identify)
    return tuple(
        CorpusEntry(id=text.title, text=text.text, language=text.language, risk=text.risk)
        for text in texts
        if text.kind == "request" and text.language in languages
    )
