"""`astral corpus`: texts of your own, which test cases are grounded on."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astral.cli.help import PlainCommand, PlainGroup
from astral.cli.options import Config, Json, Runs
from astral.cli.output import say, show, tell, waiting
from astral.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    from astral.generate.evidence.corpus_facts import CorpusFacts

_HOW = "How files are read"
_FORMATS = ["text", "html", "csv", "tsv", "jsonl", "json", "parquet"]
_KINDS = ["request", "passage"]
_TOLD_EVERY = 640
_SKIPPED_NAMED = 10

app = typer.Typer(
    cls=PlainGroup,
    rich_markup_mode="markdown",
    no_args_is_help=True,
    help="Index texts of your own, which test cases are grounded on: files, benchmarks, earlier runs.",
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the corpus.")]


def _skipped_text(skipped: Mapping[str, str]) -> str:
    named = [f"{file} ({why})" for file, why in list(skipped.items())[:_SKIPPED_NAMED]]
    more = f" and {len(skipped) - len(named):,} more" if len(skipped) > len(named) else ""
    return f"Skipped: {', '.join(named)}{more}."


@app.command("add", cls=PlainCommand)
def add(
    what: Annotated[str, typer.Argument(metavar="PATH", help="A file, a folder, or an earlier run by its id.")],
    *,
    name: Annotated[
        str | None,
        typer.Option("--name", "-n", metavar="NAME", help="Corpus to add to.", show_default="the name of the file"),
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", rich_help_panel=_HOW, show_default="by suffix", help=", ".join(_FORMATS) + "."
        ),
    ] = "",
    text: Annotated[
        str,
        typer.Option(
            "--text-column", metavar="COLUMN", rich_help_panel=_HOW, show_default="by name", help="Where the texts are."
        ),
    ] = "",
    language: Annotated[
        str,
        typer.Option(
            "--language", metavar="LANG", rich_help_panel=_HOW, show_default="recognised", help="Language of all texts."
        ),
    ] = "",
    language_column: Annotated[
        str, typer.Option("--language-column", metavar="COLUMN", rich_help_panel=_HOW, help="Where the language is.")
    ] = "",
    risk: Annotated[
        str, typer.Option("--risk", metavar="RISK", rich_help_panel=_HOW, help="Risk that all texts are about.")
    ] = "",
    risk_column: Annotated[
        str,
        typer.Option(
            "--risk-column",
            metavar="COLUMN",
            rich_help_panel=_HOW,
            help="Where the risk is; a label that is no risk of the taxonomy is kept as a category.",
        ),
    ] = "",
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="LABEL=RISK",
            rich_help_panel=_HOW,
            help="What a label of the file means, such as `--map Fraud=financial_crime`; may be repeated.",
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="KIND",
            rich_help_panel=_HOW,
            help="`request`: what may be asked; `passage`: what a request may be about.",
            show_default="request for rows, passage for files of text",
        ),
    ] = "",
    runs: Runs = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Add texts to a corpus, made where it is missing. What is there already costs nothing.

    Text, Markdown, HTML (what a person sees of it), CSV, TSV, JSON, JSON Lines and Parquet are read, folders with all
    of these in them, the files of HarmBench, StrongREJECT, XSTest and MultiJail as they are published, and the unsafe
    cases of an earlier run.

    Examples:
    * `astral corpus add reports/ --name incidents`

    * `astral corpus add prompts.csv --name ours --text-column prompt --risk-column topic`

    * `astral corpus add latest --name found`
    """
    from astral.config import load_settings

    settings = load_settings(config, {"runs": runs})
    for given, known, noun in ((format_, _FORMATS, "format"), (kind, _KINDS, "kind of text")):
        if given and given not in known:
            raise UnknownNameError(noun, given, known)
    from astral.generate.evidence.reading import Reading
    from astral.workflow.corpora import add_to_corpus

    reading = Reading(
        format=format_,
        text=text,
        language=language,
        language_column=language_column,
        risk=risk,
        risk_column=risk_column,
        risk_of=_mapping(map_ or []),
        kind="request" if kind == "request" else "passage" if kind else None,
    )
    told = 0

    def progress(done: int) -> None:
        nonlocal told
        if done >= told + _TOLD_EVERY:
            told = done
            tell(f"{done:,} texts")

    with waiting("indexing …"):
        added, facts = add_to_corpus(settings, name or _name_from(what), what, reading, progress)
    if json:
        from astral.report import to_json

        say(to_json({"added": added, "corpus": facts}))
        return
    left_out = [(added.repeated, "there already"), (added.screened_out, "left out by the child-safety screen")]
    rest = "".join(f", {count:,} {words}" for count, words in left_out if count)
    say(f"{facts.name}: {added.new:,} new{rest}; {facts.entries:,} in all, version {facts.version}")
    if added.skipped:
        say(_skipped_text(added.skipped))
    if added.unlabelled:
        say(
            f"{added.unlabelled:,} requests name no risk of the taxonomy, so that no case is made of them. To say what "
            "they are about, remove them and add them with --risk, --risk-column or --map LABEL=RISK."
        )
    say(f"Next: astral generate --corpus {facts.name}")


@app.command("list", cls=PlainCommand)
def list_(*, runs: Runs = None, config: Config = None, json: Json = False) -> None:
    """List all corpora: what they hold, from where, in which version."""
    from astral.config import load_settings
    from astral.workflow.corpora import open_corpora

    settings = load_settings(config, {"runs": runs})
    found = open_corpora(settings).all_facts()
    if json:
        from astral.report import to_json

        say(to_json(found))
    elif not found:
        tell("No corpus yet. `astral corpus add PATH --name NAME` makes one.")
    else:
        _print(found)


@app.command("remove", cls=PlainCommand)
def remove(
    name: Name,
    *,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="SOURCE", help="Only what came from this file or run; `list` names them."),
    ] = None,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Remove a corpus, or one of its sources."""
    from astral.config import load_settings
    from astral.workflow.corpora import open_corpora

    removed = open_corpora(load_settings(config, {"runs": runs})).remove(name, source)
    say(f"{name}: {removed:,} removed")


@app.command("search", cls=PlainCommand)
def search(
    name: Name,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Any words; what is near in meaning is found.")],
    *,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100, help="Most entries.")] = 10,
    language: Annotated[str, typer.Option("--language", metavar="LANG", help="Only this language.")] = "",
    risk: Annotated[str, typer.Option("--risk", metavar="RISK", help="Only this risk.")] = "",
    category: Annotated[str, typer.Option("--category", metavar="LABEL", help="Only this label of the source.")] = "",
    source: Annotated[str, typer.Option("--source", metavar="SOURCE", help="Only this file or run.")] = "",
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the texts.")] = False,
    runs: Runs = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Find the entries that are nearest to some words; their texts are hidden unless asked for."""
    from astral.config import load_settings
    from astral.report import to_json, visible
    from astral.workflow.corpora import open_corpora

    corpus = open_corpora(load_settings(config, {"runs": runs})).open(name)
    wanted = {"language": language, "risk": risk, "category": category, "source": source}
    found = corpus.nearest(query, limit, **{field: value for field, value in wanted.items() if value})
    rows = [
        {"cosine": round(cosine, 3), "entry": each.url, "title": each.title, **({"text": each.text} if reveal else {})}
        for cosine, each in found
    ]
    if json:
        say(to_json(rows))
        return
    if not rows:
        tell("Nothing is found.")
    for cosine, each in found:
        say(f"{cosine:.3f}  {visible(each.url.rpartition('#')[2])}  {visible(each.title)}")
        if reveal:
            say(f"       {visible(' '.join(each.text.split()))}")


def _mapping(told: Sequence[str]) -> dict[str, str]:
    """What `--map Fraud=financial_crime` says."""
    pairs = [text.rpartition("=") for text in told]
    if wrong := [text for text, (label, _, risk) in zip(told, pairs, strict=True) if not label or not risk]:
        raise UserError(f"--map {wrong[0]!r}: write LABEL=RISK, such as `--map Fraud=financial_crime`.")
    return {label: risk.strip() for label, _, risk in pairs}


def _name_from(what: str) -> str:
    """A corpus's name from that of a file or run."""
    return re.sub(r"[^a-z0-9_-]+", "-", Path(what).stem.lower()).strip("-_")[:62] or "corpus"


def _print(found: "list[CorpusFacts]") -> None:
    from rich.table import Table
    from rich.text import Text

    from astral.report import visible

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in ("corpus", "version", "entries", "languages", "sources"):
        table.add_column(column, overflow="fold", justify="right" if column == "entries" else "left")
    for facts in found:
        sources = [f"{name} {count:,}" for name, count in facts.sources.items()]
        languages = sorted(facts.languages, key=lambda each: -facts.languages[each])
        row = [facts.name, facts.version, f"{facts.entries:,}"]
        table.add_row(*(Text(visible(each)) for each in [*row, " ".join(languages), ", ".join(sources)]))
    show(table)
