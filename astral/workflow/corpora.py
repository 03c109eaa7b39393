"""Corpora of the user's own: from the settings to the index, and from files and runs into it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from astral.config import Environment, Settings
from astral.domain.chat import ModelRole
from astral.domain.ports import Embedder
from astral.domain.records import Result
from astral.domain.run import CorpusRef
from astral.errors import UserError
from astral.plugins import PartContext, Port, make_part

if TYPE_CHECKING:
    from astral.generate.evidence.corpora import Corpora
    from astral.generate.evidence.corpus_facts import Added, CorpusFacts, CorpusText
    from astral.generate.evidence.reading import Reading

CORPORA_FOLDER = "corpora"
"""Within the folder of runs."""


def corpus_refs(settings: Settings) -> tuple[CorpusRef, ...]:
    """The corpora that the settings name, in the versions that they have now.

    Raises:
        UserError: There is no such corpus, or it was made with another embedder.
    """
    if not settings.evidence.corpora or settings.evidence.replay:
        return ()
    corpora = open_corpora(settings)
    return tuple(corpora.open(name).facts.ref for name in dict.fromkeys(settings.evidence.corpora))


def open_corpora(settings: Settings) -> "Corpora":
    """All corpora in the folder of runs."""
    from astral.generate.evidence.corpora import Corpora

    embedder: Embedder = make_part(
        Port.EMBEDDER, settings.embedder, PartContext(settings, Environment(), ModelRole.ATTACKER)
    )
    return Corpora(settings.runs / CORPORA_FOLDER, embedder)


def add_to_corpus(
    settings: Settings, name: str, what: str, reading: "Reading", progress: Callable[[int], None]
) -> tuple["Added", "CorpusFacts"]:
    """Add a file, a folder, or the unsafe cases of an earlier run.

    Args:
        settings: Name the embedder, the folder of runs, the risks and the languages.
        name: Of the corpus.
        what: Path, or id of a run.
        reading: How files are read.
        progress: Is told how many texts have been gone through.

    Raises:
        UserError: There is nothing to read, or what is there cannot be read.
    """
    from astral.assets import load_taxonomy
    from astral.generate.evidence.corpora import check_name
    from astral.generate.evidence.reading import read_texts
    from astral.generate.identification import LanguageIdentifier

    check_name(name)
    taxonomies = [load_taxonomy(each) for each in settings.taxonomies]
    languages = [value.id for each in taxonomies if each.dimension == "language" for value in each.values]
    path = Path(what)
    skipped: dict[str, str] = {}

    def skip(file: Path, why: str) -> None:
        skipped[str(file.relative_to(path))] = why

    if path.exists() or path.suffix or len(path.parts) > 1 or not has_runs(settings):
        risks = taxonomies[0].as_dimension()
        identify = LanguageIdentifier(languages).identify
        texts = read_texts(path, reading, risks=risks, identify=identify, skip=skip)
    else:
        texts = _unsafe_cases(settings, what)
    corpora = open_corpora(settings)
    added = corpora.add(name, texts, progress)
    if not added.new and not added.repeated:
        raise UserError(f"{what}: there is no text in it that could be added; nothing was changed.")
    return added.model_copy(update={"skipped": skipped}), corpora.facts(name)


def has_runs(settings: Settings) -> bool:
    """Whether anything was ever run here."""
    return bool(Environment().astral_store) or (settings.runs / "astral.db").exists()


def _unsafe_cases(settings: Settings, run: str) -> "Iterator[CorpusText]":
    from astral.generate.evidence.corpus_facts import CorpusText
    from astral.record import Store
    from astral.workflow.reporting import store_url

    with Store.open(store_url(settings.runs), create=False) as store:
        run_id = store.resolve(run)
        risk_dimension = store.manifest(run_id).space.dimensions[0].id
        for test in store.tests(run_id):
            if test.case is None or test.draw.control or test.result is not Result.UNSAFE:
                continue
            yield CorpusText(
                text=test.case.plain_request,
                source=f"run:{run_id}",
                kind="request",
                language=test.draw.cell.get("language", "en"),
                risk=test.draw.cell.get(risk_dimension, ""),
                title=f"{run_id}/{test.draw.number}",
            )
