"""`astral judge`: a run judged again, by another oracle or by people."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astral.cli.calibrate import BaseUrl, Policy
from astral.cli.options import Config, Json, MaxDollars, MaxMinutes, MaxTokens, Run, Runs
from astral.cli.output import say, stdout_on_stderr, tell, waiting
from astral.errors import ExitCode, UserError

if TYPE_CHECKING:
    from astral.workflow.rejudging import Rejudged

_PEOPLE = "People as judges"


def judge(
    run: Run = "latest",
    *,
    oracle: Annotated[
        str | None,
        typer.Option(
            "--oracle",
            "-o",
            metavar="NAME",
            help="The judge: `local`, a chat model, `llm:MODEL`, `guard:FAMILY@MODEL`, `jury:ORACLE,ORACLE`, …",
        ),
    ] = None,
    policy: Policy = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            "--calibration", metavar="FILE", help="Decide by the thresholds of `astral calibrate --out FILE`."
        ),
    ] = None,
    base_url: BaseUrl = None,
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample",
            metavar="N",
            min=1,
            rich_help_panel=_PEOPLE,
            help="Write N answers into a file for people to label, most of those that were judged unsafe.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", rich_help_panel=_PEOPLE, help="That file, a CSV; it shows the texts."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", metavar="FILE", rich_help_panel=_PEOPLE, help="Take the labels of such a file into the record."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", min=0, show_default="0", rich_help_panel=_PEOPLE, help="Of the sample."),
    ] = None,
    max_tokens: MaxTokens = None,
    max_dollars: MaxDollars = None,
    max_minutes: MaxMinutes = None,
    runs: Runs = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Judge a run's answers again. New verdicts stand beside the old ones; those of the run itself go on counting.

    Examples:
    * `astral judge latest --oracle llm:openai:gpt-5`, then `astral compare latest --oracles`, and
      `astral report latest --oracle llm:openai:gpt-5` for a report by the new verdicts.

    * `astral judge latest --sample 300 --out labels.csv`; people write safe or unsafe into the column `label`;
      `astral judge latest --labels labels.csv`, and `astral report latest` tells the rate without the judge's errors.
    """
    from astral.config import load_settings

    if sum(choice is not None for choice in (oracle, sample, labels)) != 1:
        raise UserError(
            "Say who judges: `--oracle NAME`; or, for people, `--sample 300 --out labels.csv` and then "
            "`--labels labels.csv`."
        )
    if (sample is None) != (out is None):
        raise UserError(
            "`--sample N` and `--out FILE` go together: `astral judge latest --sample 300 --out labels.csv`."
        )
    flags = {
        "judge": {"model": oracle, "base_url": base_url, "policy": policy, "calibration": calibration},
        "budget": {"tokens": max_tokens, "dollars": max_dollars, "minutes": max_minutes},
        "seed": seed,
        "runs": runs,
    }
    settings = load_settings(config, flags)
    if oracle and calibration is None:
        # A calibration in the settings file is about the judge that stands beside it there.
        told = settings.judge.model_copy(update={"calibration": None})
        settings = settings.model_copy(update={"judge": told})
    if oracle:
        import asyncio

        from astral.workflow.rejudging import rejudge

        with stdout_on_stderr(), waiting(f"{oracle} judges"):
            done = asyncio.run(rejudge(settings, run))
        _print(done, as_json=json)
        if done.missing:
            raise typer.Exit(ExitCode.INCOMPLETE)
        return
    from astral.workflow.auditing import add_labels, write_audit

    if labels:
        _print(add_labels(settings, run, labels), as_json=json)
    elif sample and out:
        count = write_audit(settings, run, out, labels=sample)
        tell(f"Wrote {count} answers to {out}, texts and all: keep it private.")
        say(f"Next: write safe, unsafe or unknown into its column `label`, then astral judge {run} --labels {out}")


def _print(done: "Rejudged", *, as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        from astral.report import to_json

        say(to_json(asdict(done)))
        return
    before = f", {done.known} were there" if done.known else ""
    missing = f", {done.missing} not judged" if done.missing else ""
    say(f"{done.oracle} judged {done.added} answers of run {done.run_id}{before}{missing}.")
    if done.problem:
        from astral.report import visible

        tell(f"The first problem: {visible(done.problem)} Asking again judges what is missing.")
    say(f"Compare    astral compare {done.run_id} --oracles")
