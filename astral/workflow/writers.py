"""Those who write a run's test cases, with the screen that drafts pass: all that a round needs to be written."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from astral.domain.ports import Generator, LearningGenerator
from astral.domain.records import Draw
from astral.generate import WORDINGS, Conformance, Gates, ModelGate, Screen, TwinWriter, Written, generate_all
from astral.workflow.attackers import drafts_are_free, screens_by_meaning
from astral.workflow.imported import is_file_of_texts, published_texts
from astral.workflow.run_generators import generators_of
from astral.workflow.run_parts import RunParts


@dataclass(frozen=True)
class Writers:
    """They write in this process; `WritingProcess` has them write in one of its own."""

    run_seed: int
    generators: Sequence[Generator]
    """Tried in this order until one writes a case that passes the screen."""
    screen: Screen
    max_attempts: int
    """Drafts that one test may cost."""
    wordings: int
    """Wordings of each draft, of which the newest is kept."""
    concurrency: int
    """Drafts that are written at a time."""

    @property
    def learning(self) -> list[LearningGenerator]:
        """Those who write from what was found."""
        return [each for each in self.generators if isinstance(each, LearningGenerator)]

    async def write(
        self, draws: Sequence[Draw], *, round_draws: Sequence[Draw], advanced: Callable[[], None] = lambda: None
    ) -> Written:
        """Write one case a draw, as `generate_all` does.

        Raises:
            StoppedError: Not all could be written.
        """
        return await generate_all(
            draws,
            run_seed=self.run_seed,
            generators=self.generators,
            screen=self.screen,
            max_attempts=self.max_attempts,
            wordings=self.wordings,
            concurrency=self.concurrency,
            round_draws=round_draws,
            advanced=advanced,
        )


async def writers_of_run(parts: RunParts) -> Writers:
    """The writers at the point that the run's record shows.

    Raises:
        UserError: A part lacks what it works with, or imported requests have changed since the run began.
    """
    settings, gates = parts.settings, Gates(parts.languages)
    # A replay writes nothing, so no seeds are looked for.
    generators = [] if parts.manifest.suite else await generators_of(parts, gates)
    return Writers(
        run_seed=parts.manifest.seed,
        generators=generators,
        screen=await asyncio.to_thread(_screen, parts, gates, parts.model_gate()),
        max_attempts=settings.attacker.attempts,
        wordings=WORDINGS if drafts_are_free(settings) else 1,
        concurrency=settings.concurrency * (parts.leases.workers if parts.leases else 1),
    )


def _screen(parts: RunParts, gates: Gates, model_gate: ModelGate | None) -> Screen:
    """What drafts are screened by, with all in mind that they may not repeat."""
    settings, run_id = parts.settings, parts.manifest.run_id
    embedder = parts.embedder if screens_by_meaning(settings) else None
    conformance = Conformance.shipped(embedder.name, settings.taxonomies) if embedder else None
    screen = Screen(gates, embedder, conformance=conformance, model_gate=model_gate)
    screen.know(published_texts(settings))
    for remembered in (*(each for each in settings.novel_against if not is_file_of_texts(each)), run_id):
        cases = (case for _, case in parts.store.cases(remembered))
        screen.remember(each for each in cases if each.lineage.generator != TwinWriter.name)
    return screen
