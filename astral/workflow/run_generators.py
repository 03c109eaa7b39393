"""Who writes a run's cases, and with what evidence."""

from collections.abc import Sequence

from astral.assets import load_taxonomy
from astral.domain.chat import ModelRole
from astral.domain.ports import EvidenceSource, Generator, LearningGenerator
from astral.errors import UserError
from astral.generate import (
    SCREENED_LANGUAGES,
    SOURCE_LANGUAGE,
    CorpusIndex,
    EachInTurn,
    Gates,
    TranslatingGenerator,
    Translator,
    seed_entries,
)
from astral.plugins import GeneratorContext, Port, make_part
from astral.workflow.attackers import asks_model, chat_models, web_sources, writers_of
from astral.workflow.corpora import CORPORA_FOLDER
from astral.workflow.fitting import check_languages, composable_languages
from astral.workflow.imported import imported_digest, is_file_of_texts, published_digest
from astral.workflow.journal import JournalledSource, RunJournal
from astral.workflow.run_parts import RunParts
from astral.workflow.talks import coursed
from astral.workflow.transforms import transforming_by


async def generators_of(parts: RunParts, gates: Gates) -> Sequence[Generator]:
    """Who writes cases, in the order in which they are asked.

    Raises:
        UserError: A part lacks what it works with, or imported requests have changed since the run began.
    """
    if imported_digest(parts.settings) != parts.manifest.imported:
        raise _changed_error(str(parts.settings.attacker.cases), parts.manifest.run_id)
    if published_digest(parts.settings) != parts.manifest.published:
        raise _changed_error(", ".join(filter(is_file_of_texts, parts.settings.novel_against)), parts.manifest.run_id)
    taxonomy, risks = load_taxonomy(parts.settings.taxonomies[0]), parts.space.dimensions[0]
    check_languages(parts.settings, parts.space)
    base_url, open_model = parts.settings.attacker.base_url, parts.attacker_model
    translator, models = parts.settings.attacker.translator, chat_models(parts.settings)
    written = [*parts.languages, SOURCE_LANGUAGE] if translator else parts.languages
    seeds = seed_entries(taxonomy, dict.fromkeys(written), risks=list(risks.by_id))
    index = CorpusIndex(parts.settings.runs / "index", parts.embedder, seeds=seeds)
    context = GeneratorContext(
        parts.settings,
        parts.environment,
        ModelRole.ATTACKER,
        base_url,
        note=parts.listener.note,
        space=parts.space,
        taxonomy=taxonomy,
        corpus=index,
        corpora=_corpora(parts),
        web=_web(parts),
        gates=gates,
        embedder=parts.embedder,
        open_model=open_model,
        preparing=parts.listener.preparing,
    )
    translating = Translator(open_model(translator), parts.embedder) if translator else None
    transforming = transforming_by(
        parts.settings,
        parts.space,
        translating,
        rewriter=open_model(models[0]) if models else None,
        part=parts.part,
    )
    made: list[Generator] = []
    for spec in writers_of(parts.settings, parts.space):
        writer: Generator = make_part(Port.GENERATOR, spec, context)
        if translating:
            native = SCREENED_LANGUAGES if asks_model(spec, models) else composable_languages(taxonomy)
            writer = TranslatingGenerator(writer, translating, native=native, gates=gates)
        made.append(coursed(transforming(writer), parts.space))
    for generator in made:
        if isinstance(generator, LearningGenerator):
            for run_id, rounds in parts.manifest.earlier.items():
                generator.observe(parts.store.tests(run_id, parts.store.numbers(run_id, rounds_before=rounds)))
    return made


def _corpora(parts: RunParts) -> EvidenceSource | None:
    """The user's own corpora, in the versions that the manifest names; None where there are none.

    Raises:
        UserError: A corpus is gone, or has changed since the run began.
    """
    if parts.settings.evidence.replay:
        return _journalled(parts, "corpora", None) if parts.settings.evidence.corpora else None
    if not parts.manifest.corpora:
        return None
    from astral.generate import Corpora

    found = Corpora(parts.settings.runs / CORPORA_FOLDER, parts.embedder)
    opened = [found.open(ref.name) for ref in parts.manifest.corpora]
    for corpus, ref in zip(opened, parts.manifest.corpora, strict=True):
        if corpus.facts.ref != ref:
            raise UserError(
                f"The corpus {ref.name!r} has changed since run {parts.manifest.run_id} began: it was version "
                f"{ref.version} and is {corpus.facts.version}. Start a new run, or one with "
                f"`--replay-evidence {parts.manifest.run_id}`."
            )
    return _journalled(parts, "corpora", EachInTurn(opened))


def _web(parts: RunParts) -> EvidenceSource | None:
    """What is asked outside of the machine's corpora; None where nothing is."""
    told, specs = parts.settings.evidence, web_sources(parts.settings)
    if not specs:
        return None
    if told.replay:
        return _journalled(parts, "web", None)
    from astral.generate import Fetcher, PageCache, PageReader, WebEvidence, check_web_extra

    sources = [parts.part(Port.EVIDENCE_SOURCE, spec, ModelRole.ATTACKER, None) for spec in specs]
    reader = None
    if told.pages:
        check_web_extra()
        cache = PageCache(parts.settings.runs / "pages", hours=told.cache_hours)
        reader = PageReader(Fetcher(told.allow_hosts), cache)
    return _journalled(parts, "web", WebEvidence(parts.space.dimensions[0], sources, reader=reader))


def _journalled(parts: RunParts, name: str, source: EvidenceSource | None) -> JournalledSource:
    """A source whose findings are in the record; they come from another run's where that one is repeated."""
    repeated = parts.settings.evidence.replay
    return JournalledSource(
        name,
        source,
        parts.journal,
        repeated=RunJournal(parts.store, parts.recorder, repeated) if repeated else None,
        note=parts.listener.note,
    )


def _changed_error(named: str, run_id: str) -> UserError:
    return UserError(
        f"{named}: its requests have changed since run {run_id} began. Start a new run, or put the file back as it was."
    )
