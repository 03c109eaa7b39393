"""What was asked in a run's tests, as vectors, from its record."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from astral.config import Environment, Settings
from astral.domain.chat import ModelRole
from astral.domain.ports import Embedder
from astral.domain.records import Draw, TestCase
from astral.domain.run import Manifest
from astral.generate.duplicates import NEAR_DUPLICATE
from astral.plan import RequestVectors
from astral.plugins import PartContext, Port, make_part
from astral.providers import CachedEmbedder
from astral.record import Store


class RecordedRequests:
    """The requests of one run's tests. The embedder is the one that screens drafts, so that its cache has them all."""

    near_duplicate = NEAR_DUPLICATE

    def __init__(self, store: Store, run_id: str, embedder: Embedder) -> None:
        self._store, self._run_id, self._embedder = store, run_id, embedder

    def of(self, draws: Sequence[Draw]) -> NDArray[np.float32]:
        """Unit vectors of the requests, one row a test, each of which has a case in the record."""
        numbers = [draw.number for draw in draws]
        cases: Mapping[int, TestCase] = {
            test.draw.number: test.case for test in self._store.tests(self._run_id, numbers) if test.case
        }
        return self._embedder.embed([cases[number].plain_request for number in numbers], kind="passage")


def embedder_of(settings: Settings) -> Embedder:
    """The embedder of the settings.

    Raises:
        UserError: There is no such embedder, or it cannot be loaded.
    """
    context = PartContext(settings, Environment(), ModelRole.ATTACKER, None)
    embedder: Embedder = make_part(Port.EMBEDDER, settings.embedder, context)
    return embedder


def cached_embedder(settings: Settings, embedder: Embedder | None = None) -> CachedEmbedder:
    """The embedder of the settings, or what stands for it, with the cache in the folder of runs.

    Raises:
        UserError: There is no such embedder, or it cannot be loaded.
    """
    return CachedEmbedder(embedder or embedder_of(settings), settings.runs / "embeddings.db")


@contextmanager
def requests_of(manifest: Manifest, store: Store) -> Generator[RequestVectors | None]:
    """What a planner of this run needs to know of its requests; None where the criterion does not ask for them."""
    if manifest.criterion.diversity is None:
        yield None
        return
    embedder = cached_embedder(Settings.model_validate(manifest.settings))
    try:
        yield RecordedRequests(store, manifest.run_id, embedder)
    finally:
        embedder.close()
