"""Feeds the parsers with inputs that atheris makes, guided by which lines of astral each one reaches.

`pip install atheris`, then `python benchmarks/fuzz_guided.py --inputs 20000` gives each parser of `fuzz.py` so many
inputs, beginning with the valid ones there, in a process of its own. It prints a row for each and exits with 1 where
any parser raised what it should not; atheris' own words, and the input in hexadecimal, then stand above that row.
"""

import argparse
import contextlib
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import atheris  # pyright: ignore[reportMissingImports]

with atheris.instrument_imports(include=["astral"], enable_loader_override=False):
    import fuzz

    with tempfile.TemporaryDirectory() as scratch:
        fuzz.cases(Path(scratch))  # loads the importers, which are found by their names

SECONDS_AT_MOST = 20
"""For one input: a parser that takes longer hangs, which counts as a fault."""


def fuzz_one(case: fuzz.Case, folder: Path, *, inputs: int, seed: int) -> None:
    """Hand the process over to atheris, which ends it with a code other than 0 at the first fault."""
    known = folder / "known"
    known.mkdir()
    for number, data in enumerate(case.seeds):
        (known / str(number)).write_bytes(data)

    def parse(data: bytes) -> None:
        with contextlib.suppress(*case.may_raise):
            case.parse(data)

    told = [f"-runs={inputs}", f"-seed={seed}", f"-timeout={SECONDS_AT_MOST}", "-max_len=20000"]
    atheris.Setup([sys.argv[0], *told, f"-artifact_prefix={folder}/", "-print_final_stats=1", str(known)], parse)
    atheris.Fuzz()


def apart(work: Callable[[], None], log: Path) -> int:
    """The exit code of work that is done in a process of its own, whose words go into a file."""
    child = os.fork()
    if child == 0:
        with log.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    """Print a row for each parser."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=20_000, help="of each parser")
    parser.add_argument("--only", action="append", help="parsers whose names hold this")
    parser.add_argument("--seed", type=int, default=1, help="above 0")
    told = parser.parse_args()
    warnings.simplefilter("ignore")
    total = broken = 0
    print("| parser | inputs | places reached | faults |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as shared:
        for number, (name, case) in enumerate(fuzz.cases(Path(shared)).items()):
            if told.only and not any(part in name for part in told.only):
                continue
            folder = Path(shared) / str(number)
            folder.mkdir()
            log = folder / "log"
            code = apart(lambda: fuzz_one(case, folder, inputs=told.inputs, seed=told.seed), log)  # noqa: B023
            words = log.read_text(errors="replace")
            inputs = int((re.findall(r"number_of_executed_units:\s*(\d+)", words) or ["0"])[-1])
            places = (re.findall(r"\bcov: (\d+)", words) or ["?"])[-1]
            if code:
                broken += 1
                print(words[-3000:])
                print("\n".join(f"{file.name}: {file.read_bytes().hex()}" for file in folder.glob("[cot]*-*")))
            total += inputs
            print(f"| {name} | {inputs:,} | {places} | {int(code != 0)} |", flush=True)
    print(f"{total:,} inputs; {broken} parsers with faults")
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    main()
