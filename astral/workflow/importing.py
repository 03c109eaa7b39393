"""Another tool's results as a run in the record, so that they are reported, compared and judged again like our own."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from astral import __version__
from astral.config import Settings
from astral.domain.criterion import Criterion
from astral.domain.records import Draw, Failure, Stage, Transcript, Verdict
from astral.domain.run import Manifest, RunStatus
from astral.domain.sample import Sample
from astral.domain.space import Cell, Dimension, Space, Value
from astral.errors import StageError
from astral.record import Entry, Item, Recorder, Store
from astral.workflow.judges import opened_judge
from astral.workflow.reporting import new_run_id, store_url, write_facts, write_report_of

UNLABELLED = "unlabelled"
"""The value of a case about which its file says nothing."""


async def record_results(settings: Settings, samples: Sequence[Sample], source: str) -> str:
    """Record answers from another tool as a run, with the tool's verdicts, or those of the settings' judge.

    Args:
        settings: Name the folder of runs, and the judge of answers about which the tool says nothing.
        samples: Those with an answer are recorded.
        source: Name of the file.

    Returns:
        The id of the run.

    Raises:
        UserError: The judge cannot be had.
        RecordError: The record cannot be written.
    """
    answered = [sample for sample in samples if sample.transcript and sample.response and not sample.is_benign]
    space = _space(answered)
    cells = [_cell(space, sample) for sample in answered]
    created = datetime.now(UTC)
    manifest = Manifest(
        run_id=new_run_id(created),
        created=created,
        astral_version=__version__,
        seed=settings.seed,
        settings=settings.model_dump(mode="json"),
        space=space,
        criterion=Criterion(strength=1),
        imported=source,
        models={
            "target": next((sample.transcript.target for sample in answered if sample.transcript), source),
            "judge": next((sample.verdict.oracle for sample in answered if sample.verdict), settings.judge.model),
        },
    )
    draws = [Draw(number=number, cell=cell) for number, cell in enumerate(cells)]
    with Store.open(store_url(settings.runs)) as store:
        run_id, folder = manifest.run_id, settings.runs / manifest.run_id
        store.add_run(manifest)
        with store.lock(run_id):
            store.open_round(run_id, 0, draws)
            async with Recorder(store, run_id) as recorder, opened_judge(settings) as oracle:
                for draw, sample in zip(draws, answered, strict=True):
                    if sample.transcript is None:
                        continue
                    verdict = sample.verdict
                    part: Verdict | Failure
                    try:
                        part = verdict or await oracle.judge(sample.case, sample.transcript)
                    except StageError as error:
                        part = Failure(
                            number=draw.number, stage=Stage.JUDGE, error=type(error).__name__, message=str(error)
                        )
                    await recorder.write(*_items(draw, sample, sample.transcript, part))
            store.close_round(run_id, 0)
            store.set_status(run_id, RunStatus.MET)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_facts(folder, manifest)
        write_report_of(store, run_id, folder, reveal=False)
    return run_id


def _items(draw: Draw, sample: Sample, transcript: Transcript, part: Verdict | Failure) -> list[Item]:
    last = part if isinstance(part, Failure) else Entry(draw.number, part)
    return [Entry(draw.number, sample.case), Entry(draw.number, transcript), last]


def _space(samples: Sequence[Sample]) -> Space:
    """The dimensions that the file's labels span."""
    names = list(dict.fromkeys(name for sample in samples for name, _ in sample.case.cell.values)) or ["risk"]
    if "risk" in names:
        names = ["risk", *(name for name in names if name != "risk")]
    dimensions: list[Dimension] = []
    for name in names:
        labels = dict.fromkeys(sample.case.cell.get(name, UNLABELLED) or UNLABELLED for sample in samples)
        values = {slug(label): Value(id=slug(label), name=label, definition=label) for label in labels}
        dimensions.append(Dimension(id=name, values=tuple(values.values())))
    return Space(dimensions=tuple(dimensions))


def _cell(space: Space, sample: Sample) -> Cell:
    values = [(each.id, slug(sample.case.cell.get(each.id, UNLABELLED) or UNLABELLED)) for each in space.dimensions]
    return Cell(values=tuple(values))


def slug(label: str) -> str:
    """A label as the id of a value: lower case, with hyphens."""
    letters = re.sub(r"[^a-z0-9_]+", "-", label.casefold()).strip("-_")
    return letters if letters[:1].isalpha() else f"v-{letters}".rstrip("-")
