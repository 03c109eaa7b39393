"""`astral doctor --store`: whether the record is what was written, and what of it can be mended."""

import typer

from astral.cli.output import say, tell, waiting
from astral.config import Settings
from astral.errors import ExitCode

_SHOWN = 20
"""Problems of a run, and numbers of tests, that are told one by one."""


def check_store(settings: Settings) -> None:
    """Tell what is wrong with the record; nothing is changed. Exits with 3 where something is."""
    from astral.report import visible
    from astral.workflow.upkeep import examine_record

    with waiting("reading the record …"):
        found = examine_record(settings.runs)
    for line in found.damage[:_SHOWN]:
        say(visible(f"NO  {found.name}: {line}"))
    for run_id, wrong in found.problems.items():
        say(
            visible(
                f"{'NO' if wrong else 'ok'}  {run_id}: {f'{len(wrong):,} problems' if wrong else 'as it was written'}"
            )
        )
        for problem in wrong[:_SHOWN]:
            say(visible(f"      {problem.place}: {problem.what}"))
        if len(wrong) > _SHOWN:
            say(f"      … and {len(wrong) - _SHOWN:,} more")
    if found.is_sound:
        say(visible(f"ok  {found.name}: {len(found.problems):,} run{'' if len(found.problems) == 1 else 's'}"))
        return
    tell(
        "`astral doctor --store --repair` takes out what is damaged, keeping a copy, so that `astral resume` redoes it."
    )
    raise typer.Exit(ExitCode.FAILED)


def repair_store(settings: Settings) -> None:
    """Mend the record, and tell what was done. Exits with 3 where something is gone for good."""
    from astral.report import visible
    from astral.workflow.upkeep import repair_record

    with waiting("mending the record …"):
        done = repair_record(settings.runs)
    if done.salvage:
        kept, rows, lost = done.salvage.kept, done.salvage.rows, done.salvage.lost
        say(visible(f"{done.name}: {rows:,} rows were read, at most {lost:,} are gone; the damaged file is {kept}"))
    if done.copy:
        say(visible(f"{done.name}: what it was is kept in {done.copy}"))
    for each in done.mended:
        if each.is_lost:
            say(
                visible(
                    f"{each.run_id}: its manifest is damaged; restore the run from an archive or the record from a copy"
                )
            )
        if each.gone:
            say(visible(f"{each.run_id}: gone for good: tests {_numbers(each.gone)}"))
        if each.removed:
            shown = "; ".join(each.removed[:_SHOWN]) + (" …" if len(each.removed) > _SHOWN else "")
            say(visible(f"{each.run_id}: taken out: {shown}"))
        if each.again:
            tests = f"tests {_numbers(each.again)}"
            say(visible(f"{each.run_id}: `astral resume {each.run_id}` goes through {tests} again"))
    if not (done.salvage or done.mended):
        say(visible(f"ok  {done.name}: there is nothing to mend"))
    if done.has_losses:
        raise typer.Exit(ExitCode.FAILED)


def _numbers(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers[:_SHOWN])) + (" …" if len(numbers) > _SHOWN else "")
