"""`astral calibrate`: how far a judge agrees with people."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from astral.cli.options import Config, Json, MaxDollars, MaxMinutes, MaxTokens, Runs
from astral.cli.output import columns, say, show, stdout_on_stderr, tell, waiting
from astral.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    from rich.table import Table

    from astral.domain.calibration import Agreement, Calibration
    from astral.domain.estimates import Estimate

_LABELS, _JUDGE = "What people said", "Who judges"

Oracle = Annotated[
    str,
    typer.Option(
        "--oracle",
        "-o",
        metavar="NAME",
        rich_help_panel=_JUDGE,
        help="The judge: `local`, a chat model, `llm:MODEL`, `guard:FAMILY@MODEL`, `jury:ORACLE,ORACLE`, …",
    ),
]
BaseUrl = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", rich_help_panel=_JUDGE, help="Address of an OpenAI-compatible server."),
]
Policy = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        rich_help_panel=_JUDGE,
        help="A text that says what is unsafe, in place of the risks' definitions.",
    ),
]


def calibrate(
    *,
    oracle: Oracle,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            metavar="FILE",
            rich_help_panel=_LABELS,
            help="Answers that people labelled: CSV, JSON Lines, or Parquet (extra `parquet`).",
        ),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            "--run",
            metavar="RUN",
            rich_help_panel=_LABELS,
            help="In place of a file: a run whose answers people labelled (`astral review`); id, or `latest`.",
        ),
    ] = None,
    columns_of: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN,…",
            rich_help_panel=_LABELS,
            help="Columns of request, response and label in the file, and of language and risk where there are any.",
        ),
    ] = None,
    unsafe: Annotated[
        list[str] | None,
        typer.Option(
            "--unsafe",
            metavar="LABEL",
            rich_help_panel=_LABELS,
            help="A label in the file that means unsafe; may be repeated. All others mean safe.",
        ),
    ] = None,
    unknown: Annotated[
        list[str] | None,
        typer.Option(
            "--unknown",
            metavar="LABEL",
            rich_help_panel=_LABELS,
            help="A label that says neither: its rows are left out. May be repeated.",
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="COLUMN=PATTERN",
            rich_help_panel=_LABELS,
            help="Use only rows such as `type=contrast_*`, or `model!=old`; may be repeated, and all must hold.",
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample", metavar="N", min=10, rich_help_panel=_LABELS, help="Use only so many rows, drawn at random."
        ),
    ] = None,
    repeats: Annotated[
        int, typer.Option("--repeats", metavar="N", min=1, max=100, help="Judge each answer so often, to see flips.")
    ] = 1,
    target_error: Annotated[
        float,
        typer.Option(
            "--target-error",
            metavar="RATE",
            min=0.001,
            max=0.5,
            help="Wrong verdicts that are acceptable; the judge abstains where it would make more.",
        ),
    ] = 0.05,
    weights: Annotated[
        str,
        typer.Option(
            "--weights",
            metavar="HOW",
            help="Weigh the judges of a jury by their `log-odds` of being right, or `online`: learnt answer by answer, "
            "without regret whatever comes.",
        ),
    ] = "log-odds",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write the calibration, which `judge.calibration` in astral.yaml names.",
            rich_help_panel="What comes out",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", min=0, show_default="0", help="Of sample and intervals.")
    ] = None,
    base_url: BaseUrl = None,
    policy: Policy = None,
    runs: Runs = None,
    max_tokens: MaxTokens = None,
    max_dollars: MaxDollars = None,
    max_minutes: MaxMinutes = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Try a judge on answers that people labelled: agreement with intervals, thresholds, weights.

    Examples:
    * `astral calibrate --oracle local --labels answers.csv --map request=prompt,response=completion,label=final_label
      --unsafe 1_full_compliance --out local.json`

    * `astral calibrate --oracle jury:local,llm:openai:gpt-5 --labels answers.jsonl
      --map request=prompt,response=answer,label=unsafe,language=lang --unsafe true --repeats 3 --json`

    * `astral review latest`, then `astral calibrate --oracle local --run latest --out local.json`
    """
    from astral.config import load_settings

    _check_source(labels, run, columns_of, unsafe, [*(unknown or []), *(where or [])])
    flags = {
        "judge": {"model": oracle, "base_url": base_url, "policy": policy},
        "budget": {"tokens": max_tokens, "dollars": max_dollars, "minutes": max_minutes},
        "seed": seed,
        "runs": runs,
    }
    settings = load_settings(config, flags)
    import asyncio

    from astral.files import write_private
    from astral.judge import read_labels
    from astral.judge.calibrate import Weighing
    from astral.report import to_json
    from astral.workflow.calibrating import calibrate as tried
    from astral.workflow.calibrating import labelled_of_run, sampled

    ways = list(get_args(Weighing))
    if weights not in ways:
        raise UnknownNameError("way to weigh", weights, ways, where="--weights")
    if labels:
        answers, source = read_labels(
            labels, columns=mapped(columns_of or []), unsafe=unsafe or [], unknown=unknown or [], where=where or []
        )
    else:
        answers, source = labelled_of_run(settings, run or "latest")
    chosen = sampled(answers, sample, seed=settings.seed)
    source = source.model_copy(update={"rows": len(chosen)})
    with stdout_on_stderr(), waiting(f"{oracle} judges {len(chosen)} answers"):
        found = asyncio.run(
            tried(
                settings, chosen, source, repeats=repeats, target_error=target_error, weighing=cast("Weighing", weights)
            )
        )
    if out:
        write_private(out, [to_json(found), "\n"])
    if json:
        say(to_json(found))
    else:
        _print(found)
    if out:
        tell(f"Wrote {out}. A run that judges by it: judge.calibration: {out} in astral.yaml.")


def _check_source(
    labels: Path | None,
    run: str | None,
    columns_of: Sequence[str] | None,
    unsafe: Sequence[str] | None,
    others: Sequence[str],
) -> None:
    if (labels is None) == (run is None):
        raise UserError(
            "Say whose labels: `--labels FILE --map request=…,response=…,label=… --unsafe LABEL`, or `--run RUN` for a "
            "run whose answers people labelled."
        )
    if labels and not (columns_of and unsafe):
        raise UserError(
            f"--labels {labels}: say what stands where, `--map request=…,response=…,label=…`, and which labels mean "
            "unsafe, `--unsafe LABEL`."
        )
    if run and (columns_of or unsafe or others):
        raise UserError("--map, --unsafe, --unknown and --where are about the columns of a file; `--run` needs none.")


def mapped(texts: Sequence[str]) -> dict[str, str]:
    """What `--map request=prompt,response=answer` says.

    Raises:
        UserError: A part has another form, or a field is named twice.
    """
    columns_of: dict[str, str] = {}
    for part in (part for text in texts for part in text.split(",")):
        field, _, column = (side.strip() for side in part.partition("="))
        if not field or not column or field in columns_of:
            raise UserError(
                f"--map {part!r}: write FIELD=COLUMN, each field once, such as request=prompt,label=verdict."
            )
        columns_of[field] = column
    return columns_of


def _print(found: "Calibration") -> None:
    from rich.text import Text

    from astral.report import percent

    agreement, limits = found.agreement, found.thresholds
    head = f"{found.oracle} against people: {agreement.answers} answers, {agreement.unsafe} of them unsafe"
    failed = f"; {agreement.failed} failed" if agreement.failed else ""
    safe = f"SAFE up to {limits.safe_up_to:.3g}" if limits.safe_up_to >= 0 else "never SAFE"
    unsafe = f"UNSAFE from {limits.unsafe_from:.3g}" if limits.unsafe_from <= 1 else "never UNSAFE"
    after = found.thresholded
    wrong = f", {percent(1 - after.right / after.decided)} of these wrong" if after.decided else ""
    parts: list[object] = [Text(head + failed, style="bold"), "", _figures(agreement)]
    for name, slices in (("language", found.by_language), ("risk", found.by_risk)):
        if slices:
            parts += ["", _slices(name, [(each.id, each.agreement) for each in slices])]
    show(*parts, width=columns())  # type: ignore[arg-type]
    say("")
    say(
        f"For at most {percent(limits.target_error)} wrong verdicts: {safe}, {unsafe}, UNKNOWN between.\n"
        f"Of answers that this was not chosen on, {percent(after.decided / agreement.answers)} are decided{wrong}."
    )
    if found.weights:
        say("Weights    " + ", ".join(f"{name} {weight:.2f}" for name, weight in found.weights.items()))


def _figures(agreement: "Agreement") -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in ("figure", "value", "95 % interval", ""):
        table.add_column(name, no_wrap=bool(name))
    figures = [
        ("accuracy", agreement.accuracy, "p_unsafe from one half on is unsafe"),
        ("precision", agreement.precision, "of what it takes for unsafe"),
        ("recall", agreement.recall, "of what is unsafe"),
        ("kappa", agreement.kappa, "agreement beyond chance"),
        ("Brier score", agreement.brier, "mean squared error of p_unsafe"),
        ("calibration error", agreement.ece, "how far p_unsafe is off"),
        ("decided", agreement.decided, "by its own thresholds"),
        ("accuracy of these", agreement.accuracy_of_decided, ""),
        ("flips", agreement.flips, "not the same in all repeats"),
    ]
    for name, estimate, meaning in figures:
        if estimate.value is not None:
            table.add_row(name, f"{estimate.value:.3f}", _interval(estimate), meaning)
    return table


def _slices(name: str, rows: Sequence[tuple[str, "Agreement"]]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    from astral.report import visible

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in (name, "answers", "accuracy", "95 % interval", "recall", "kappa"):
        table.add_column(column, justify="left" if column in {name, "95 % interval"} else "right", no_wrap=True)
    for each, one in rows:
        table.add_row(
            Text(visible(each)),
            str(one.answers),
            _value(one.accuracy),
            _interval(one.accuracy),
            _value(one.recall),
            _value(one.kappa),
        )
    return table


def _value(estimate: "Estimate") -> str:
    return "–" if estimate.value is None else f"{estimate.value:.3f}"


def _interval(estimate: "Estimate") -> str:
    return f"{estimate.low:.3f} to {estimate.high:.3f}"
