"""Test cases to other tools' files and from them: what of the record is exported, and what of a file is taken in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from astral.config import Environment, Settings
from astral.domain.chat import ModelRole
from astral.domain.ports import Exporter, Importer
from astral.domain.records import Control, Outcome
from astral.domain.run import TestRecord
from astral.domain.sample import Sample
from astral.errors import UserError
from astral.files import make_folder
from astral.generate.child_screen import breaks_child_safety
from astral.generate.duplicates import Duplicates
from astral.plugins import PartContext, Port, make_part, part_names
from astral.record import Store
from astral.workflow.reporting import store_url

COMPOSED_LICENCE = "CC0-1.0"
"""Of what the composer writes from astral's own seeds and frames."""
_COMPOSER = "compose"
_GUESSES = (
    (".eval", "inspect"), (".report.jsonl", "garak"), (".jsonl", "jsonl"), (".ndjson", "jsonl"), (".csv", "csv"),
    (".tsv", "csv"), (".parquet", "huggingface"), ("promptfooconfig.yaml", "promptfoo"),
)  # fmt: skip
"""Formats that the end of a file's name says."""
_INSIDE = (
    ("astral_task.py", "inspect"), ("astral.py", "garak"), ("astral.yaml", "lm-eval"),
    ("data/*.parquet", "huggingface"),
)  # fmt: skip
"""Formats that a file inside a folder says."""


@dataclass(frozen=True)
class Exported:
    """What came of an export."""

    path: Path
    written: int
    repeated: int
    """Cases that the receiving file had already, in the same or nearly the same words."""
    losses: tuple[str, ...]
    """What the format could not hold."""


@dataclass(frozen=True)
class Imported:
    """What a file held."""

    samples: tuple[Sample, ...]
    screened_out: int
    """Cases that the child-safety screen dropped."""


def exporter_of(settings: Settings, name: str) -> Exporter:
    """The exporter of this name."""
    return make_part(Port.EXPORTER, name, PartContext(settings, Environment(), ModelRole.TARGET))


def importer_of(settings: Settings, name: str) -> Importer:
    """The importer of this name."""
    return make_part(Port.IMPORTER, name, PartContext(settings, Environment(), ModelRole.TARGET))


def samples_of(settings: Settings, run: str, *, only: Sequence[Outcome] = ()) -> list[Sample]:
    """The cases of a run that were executed and judged, with what came of them; controls stay out.

    Args:
        settings: Name the folder of runs.
        run: Id, or `latest`.
        only: Outcomes of the cases that are wanted; all without any. Benign twins of wanted cases come along.
    """
    with Store.open(store_url(settings.runs), create=False) as store:
        tests = [test for test in store.tests(store.resolve(run)) if test.case and test.is_finished]
    proper = [test for test in tests if test.draw.control is None]
    wanted = [test for test in proper if not only or (test.verdict and test.verdict.outcome in only)]
    parents = {test.case.id for test in wanted if test.case}
    twins = [
        test
        for test in tests
        if test.draw.control is Control.TWIN and test.case and test.case.lineage.parent in parents
    ]
    return [sample for test in (*wanted, *twins) if (sample := _sample_of(test))]


def export(
    exporter: Exporter, samples: Sequence[Sample], path: Path, *, append: bool, known: Iterable[Sample] = ()
) -> Exported:
    """Write samples, without those that repeat what the receiving file has.

    Args:
        exporter: The format.
        samples: What is written.
        path: Where to.
        append: Keep what is there.
        known: What is there.

    Raises:
        UserError: There is something at the path already that would be lost, or its folder cannot be made.
    """
    if path.exists() and not append:
        raise UserError(f"{path} is there already. Name another file with --out, or add to this one with --into.")
    duplicates = Duplicates()
    duplicates.remember(sample.case for sample in known)
    fresh: list[Sample] = []
    for sample in samples:
        # A twin is meant to look like its case: only its own kind is compared.
        if sample.is_benign or duplicates.objection(sample.case) is None:
            fresh.append(sample)
            if not sample.is_benign:
                duplicates.remember([sample.case])
    make_folder(path.parent)
    losses = exporter.export(fresh, path, append=append)
    return Exported(path, len(fresh), len(samples) - len(fresh), tuple(losses))


def import_file(settings: Settings, path: Path, format_: str = "") -> Imported:
    """Read another tool's file.

    Args:
        settings: Name nothing that matters here but the context of the parts.
        path: File or folder.
        format_: Name of the format; by default the file's name says it.

    Raises:
        UserError: The format is unknown or cannot be told, or the file is not of it.
    """
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder.")
    samples = list(importer_of(settings, format_ or _guessed(path)).load(path))
    kept = tuple(sample for sample in samples if not breaks_child_safety(sample.case.request))
    return Imported(kept, len(samples) - len(kept))


def _sample_of(test: TestRecord) -> Sample | None:
    if test.case is None:
        return None
    composed = test.case.lineage.generator == _COMPOSER and not test.case.lineage.evidence
    return Sample(
        case=test.case,
        transcript=test.transcript,
        verdict=test.verdict,
        is_benign=test.draw.control is Control.TWIN,
        licence=COMPOSED_LICENCE if composed else "",
    )


def _guessed(path: Path) -> str:
    for pattern, name in _INSIDE:
        if path.is_dir() and any(path.glob(pattern)):
            return name
    for ending, name in _GUESSES:
        if path.name.endswith(ending):
            return name
    raise UserError(f"{path}: which format is it? Name it with --format: {', '.join(part_names(Port.IMPORTER))}.")
