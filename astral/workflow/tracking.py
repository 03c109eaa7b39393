"""A finished run, told to a tool that keeps experiments side by side."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from astral.config import Environment, Settings
from astral.domain.chat import ModelRole
from astral.domain.ports import Tracker
from astral.domain.tracked import TrackedRun
from astral.plugins import PartContext, Port, make_part, part_names
from astral.report import Rate, Summary, UnbiasedRate
from astral.report.over_refusal import RefusalRate
from astral.tracking import MlflowTracker, WandbTracker

SHOWN = ("report.html", "report.md", "summary.json")
"""Files of a run that are kept with it. In the pages are texts of cases and answers where they were made so."""


def mlflow_tracker(context: PartContext, argument: str) -> Tracker:
    """`mlflow:URI`, in the experiment that MLFLOW_EXPERIMENT_NAME names."""
    return MlflowTracker(argument, experiment=context.environment.mlflow_experiment_name)


def wandb_tracker(context: PartContext, argument: str) -> Tracker:
    """`wandb:PROJECT`."""
    return WandbTracker(argument, folder=context.settings.runs)


def trackers_of(settings: Settings, specs: Sequence[str]) -> list[Tracker]:
    """Who is told of runs; what may be wrong with them is found before anything is sent.

    Raises:
        UserError: There is no such tool, or its package is missing.
    """
    context = PartContext(settings, Environment(), ModelRole.TARGET)
    return [make_part(Port.TRACKER, spec, context) for spec in specs]


def tracker_names() -> list[str]:
    """Who may be told."""
    return part_names(Port.TRACKER)


def tracked(summary: Summary, folder: Path) -> TrackedRun:
    """A run as such tools see it.

    Args:
        summary: Of the run.
        folder: Of the run, with its reports.
    """
    run = summary.run
    models = {f"model.{role}": model for role, model in run.models.items()}
    parameters = {
        "astral_version": run.astral_version,
        "seed": str(run.seed),
        "strength": str(summary.coverage.strength),
        "taxonomies": ", ".join(f"{each.id} {each.version}" for each in run.taxonomies),
        "judged_by": summary.judged_by,
        **models,
    }
    return TrackedRun(
        run_id=run.run_id,
        created=run.created,
        parameters={name: value for name, value in parameters.items() if value},
        metrics=dict(_metrics(summary)),
        files=tuple(path for name in SHOWN if (path := folder / name).exists()),
    )


def _metrics(summary: Summary) -> Iterator[tuple[str, float]]:
    yield "coverage", summary.coverage.fraction
    for result, count in summary.counts:
        yield f"tests/{result}", count
    yield from _rate("unsafe_rate", summary.told_rate)
    for part in summary.by_dimension:
        for group in part.groups:
            if group.counts.total:
                yield from _rate(
                    f"unsafe_rate/{part.dimension}/{group.id}", summary.told_rate_of(part.dimension, group)
                )
    if summary.over_refusal:
        yield from _rate("over_refusal", summary.over_refusal.rate)
    for role, usage in summary.usage.items():
        yield f"tokens/{role}", usage.tokens
    for role, dollars in summary.dollars.items():
        if dollars is not None:
            yield f"dollars/{role}", dollars
    if summary.run.seconds is not None:
        yield "seconds", summary.run.seconds


def _rate(name: str, rate: Rate | UnbiasedRate | RefusalRate) -> Iterator[tuple[str, float]]:
    """A rate with its 95 % interval; nothing where nothing was decided."""
    if rate.fraction is not None:
        yield name, rate.fraction
        yield f"{name}/low", rate.low
        yield f"{name}/high", rate.high
