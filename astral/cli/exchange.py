"""`astral export` and `astral import`: test cases to other tools' files, and theirs to ours."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astral.cli.options import Config, Json, MaxTokens, Run, Runs
from astral.cli.output import say, tell, waiting
from astral.errors import UserError

if TYPE_CHECKING:
    from astral.config import Settings
    from astral.domain.ports import Exporter
    from astral.domain.records import Outcome
    from astral.domain.sample import Sample

_TRAINING = "Data that mends a target"
_FORMAT = typer.Option("--format", "-f", metavar="FORMAT", help="One of `astral list formats`.")


def export(
    run: Run = "latest",
    *,
    format_: Annotated[str, _FORMAT] = "jsonl",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="PATH", help="A new file; a folder for formats of several files."),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="PATH", help="Add to this file, without what it has already."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="OUTCOME", help="`unsafe`, `safe` or `unknown`; may be repeated."),
    ] = None,
    answers: Annotated[
        str | None,
        typer.Option(
            "--answers",
            metavar="MODEL",
            rich_help_panel=_TRAINING,
            help="With `sft` and `dpo`: who writes the good answers, such as `openai:NAME`; the judge screens them.",
        ),
    ] = None,
    max_tokens: MaxTokens = None,
    runs: Runs = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Write a run's test cases for another tool; what its format cannot hold is said.

    The file holds requests that a target should decline, and is private to its owner.

    Examples:
    * `astral export latest --format promptfoo --out promptfooconfig.yaml`

    * `astral export latest --only unsafe --format inspect --out task/`, then `inspect eval task/astral_task.py`

    * `astral export latest --format csv --into ours.csv` adds what `ours.csv` has not.

    * `astral export latest --format dpo --answers openai:NAME --out pairs.jsonl`
    """
    from astral.config import load_settings

    flags = {"runs": runs, "budget": {"tokens": max_tokens} if max_tokens else None}
    settings = load_settings(config, {name: flag for name, flag in flags.items() if flag is not None})
    path = into or out
    if path is None or (into and out):
        raise UserError("Where to? Name a new file with --out, or one to add to with --into.")
    from astral.report import to_json
    from astral.workflow.exchanging import export as export_samples
    from astral.workflow.exchanging import exporter_of, importer_of, samples_of

    exporter = exporter_of(settings, format_)
    samples = samples_of(settings, run, only=_outcomes(only or []))
    if answers:
        exporter = _with_answers(settings, format_, samples, answers, run)
    known: Sequence[Sample] = ()
    if into and into.exists() and _can_read(format_):
        known = list(importer_of(settings, format_).load(into))
    done = export_samples(exporter, samples, path, append=into is not None, known=known)
    if json:
        say(to_json(done))
        return
    repeated = f", {done.repeated:,} were there already" if done.repeated else ""
    say(f"{done.path}: {done.written:,} cases as {format_}{repeated}")
    for loss in done.losses:
        say(f"Lost: {loss}")
    tell("It holds requests that a target should decline: keep it where such texts may lie.")


def import_(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file of another tool, or a folder that it wrote.")],
    *,
    format_: Annotated[
        str,
        typer.Option(
            "--format", "-f", metavar="FORMAT", help="One of `astral list formats`.", show_default="by the name"
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write the cases into this file, as JSON Lines of astral."),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge", "-j", metavar="NAME", show_default="local", help="Judges answers that the tool did not judge."
        ),
    ] = None,
    runs: Runs = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Read another tool's cases or results. Results, which have answers, become a run like any other.

    Examples:
    * `astral import results.json --format promptfoo`, then `astral report latest`

    * `astral import logs/2026-11-28.eval` reads a log of Inspect AI; `garak.report.jsonl` one of garak.

    * `astral import harmbench.csv --out cases.jsonl`, then `astral generate --mode mutate --cases cases.jsonl`
    """
    import asyncio

    from astral.config import load_settings
    from astral.exchange.json_lines import JsonLines
    from astral.report import to_json
    from astral.workflow.exchanging import export as export_samples
    from astral.workflow.exchanging import import_file
    from astral.workflow.importing import record_results

    told = {"runs": runs, "judge": {"model": judge} if judge else None}
    settings = load_settings(config, {name: flag for name, flag in told.items() if flag is not None})
    found = import_file(settings, path, format_)
    answered = sum(bool(sample.response) for sample in found.samples)
    if not found.samples:
        raise UserError(f"{path}: there is no case in it.")
    if not answered and out is None:
        raise UserError(f"{path}: {len(found.samples):,} cases without answers. Where to? Name a file with --out.")
    run_id = ""
    if answered and out is None:
        with waiting("judging …"):
            run_id = asyncio.run(record_results(settings, found.samples, path.name))
    if out:
        export_samples(JsonLines(), found.samples, out, append=False)
    if json:
        say(to_json({"cases": len(found.samples), "answers": answered, "screened_out": found.screened_out,
                     "run": run_id or None, "file": out}))  # fmt: skip
        return
    rest = f", {found.screened_out:,} left out by the child-safety screen" if found.screened_out else ""
    say(f"{path}: {len(found.samples):,} cases, {answered:,} with an answer{rest}")
    if out:
        say(f"Next: astral generate --mode mutate --cases {out}")
    else:
        say(f"Next: astral report {run_id}")


def _outcomes(names: Sequence[str]) -> "list[Outcome]":
    from astral.domain.records import Outcome
    from astral.errors import UnknownNameError

    outcomes = {outcome.value.lower(): outcome for outcome in Outcome}
    for name in names:
        if name not in outcomes:
            raise UnknownNameError("outcome", name, list(outcomes), where="--only")
    return [outcomes[name] for name in names]


def _can_read(format_: str) -> bool:
    from astral.plugins import Port, has_part

    return has_part(Port.IMPORTER, format_)


def _with_answers(settings: "Settings", format_: str, samples: Sequence["Sample"], model: str, run: str) -> "Exporter":
    """The exporter of training data with good answers of a model."""
    import asyncio

    from astral.exchange import FineTuning, Preferences
    from astral.workflow.answering import answers_of

    kinds = {kind.name: kind for kind in (FineTuning, Preferences)}
    if format_ not in kinds:
        raise UserError(f"--answers goes with --format {' or '.join(kinds)}, not with {format_}.")
    with waiting("asking for good answers …"):
        found = asyncio.run(answers_of(settings, run, samples, model))
    tell(f"{len(found):,} good answers of {model}")
    return kinds[format_](found)
