"""Measure the covering arrays: size, lower bound, processor seconds and memory, beside Microsoft PICT.

    python benchmarks/covering.py            # a minute or so, without PICT's slow models
    python benchmarks/covering.py --all      # with them, up to a quarter of an hour
    python benchmarks/covering.py --levels 14x10x6x5 --strength 3
    python benchmarks/covering.py --write    # puts the table into docs/coverage.md

PICT comes in the package pypict. Its newest wheel is for Python 3.10, but the library inside needs no Python at all:

    pip install --target .venv/pict --no-deps --only-binary=:all: --python-version 3.10 pypict

Each array is built in a process of its own, so that its peak memory is its own; a bare interpreter with numpy is
printed first for comparison.
"""

import argparse
import ctypes
import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pages import write_block

from astral.plan.covering import covering_array, lower_bound
from astral.plan.exclusions import Exclusion

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "coverage.md"

A, B, C = (14, 10, 6, 5), (45, 10, 20, 6, 10), (102, 30, 20, 6, 12)
FORBIDDEN: tuple[Mapping[int, Sequence[int]], ...] = ({1: [6, 7], 2: [4]}, {0: [3], 3: [0, 1]})
"""Such as: two languages without misspellings, one risk without two kinds of persuasion."""

MODELS: tuple[tuple[str, tuple[int, ...], int, bool], ...] = (
    ("A", A, 2, False),
    ("A", A, 3, False),
    ("B", B, 2, False),
    ("B", B, 3, False),
    ("C", C, 2, False),
    ("C", C, 3, False),
    ("C", C, 4, False),
    ("A, exclusions", A, 2, True),
    ("A, exclusions", A, 3, True),
    ("B, exclusions", B, 2, True),
    ("B, exclusions", B, 3, True),
    ("3^13", (3,) * 13, 2, False),
    ("4^10", (4,) * 10, 2, False),
    ("10^20", (10,) * 20, 2, False),
    ("8·7·6²·5²·4·3·2", (8, 7, 6, 6, 5, 5, 4, 3, 2), 3, False),
    ("3^10", (3,) * 10, 3, False),
    ("4^8", (4,) * 8, 4, False),
)

SLOW_FOR_PICT = 50_000
"""Lower bounds above which PICT takes minutes."""


def pict_size(levels: Sequence[int], strength: int, exclude: Sequence[Mapping[int, Sequence[int]]]) -> int:
    """Rows of PICT's array.

    Source:
        https://github.com/microsoft/pict, api/pictapi.h
    """
    (path,) = (ROOT / ".venv" / "pict" / "pypict.libs").glob("libpict*.so")
    library = ctypes.CDLL(str(path))
    handle, number = ctypes.c_void_p, ctypes.c_size_t

    class Item(ctypes.Structure):
        _fields_ = (("parameter", handle), ("value", number))

    signatures = {
        "PictCreateTask": (handle, []),
        "PictCreateModel": (handle, [ctypes.c_uint]),
        "PictSetRootModel": (None, [handle, handle]),
        "PictAddParameter": (handle, [handle, number, ctypes.c_uint, handle]),
        "PictAddExclusion": (ctypes.c_uint, [handle, ctypes.POINTER(Item), number]),
        "PictGenerate": (ctypes.c_uint, [handle]),
        "PictAllocateResultBuffer": (handle, [handle]),
        "PictResetResultFetching": (None, [handle]),
        "PictGetNextResultRow": (number, [handle, handle]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    task, model = library.PictCreateTask(), library.PictCreateModel(0)
    library.PictSetRootModel(task, model)
    parameters = [library.PictAddParameter(model, level, strength, None) for level in levels]
    for combination in cells_of(exclude):
        items = [Item(parameters[dimension], value) for dimension, value in combination]
        library.PictAddExclusion(task, (Item * len(items))(*items), len(items))
    code = library.PictGenerate(task)
    if code:
        raise RuntimeError(f"PICT ended with code {code:#x}")
    buffer = library.PictAllocateResultBuffer(task)
    library.PictResetResultFetching(task)
    rows = 0
    while library.PictGetNextResultRow(task, buffer):
        rows += 1
    return rows


def cells_of(exclude: Sequence[Mapping[int, Sequence[int]]]) -> list[list[tuple[int, int]]]:
    """The exclusions as single combinations, which is how PICT takes them."""
    found: list[list[tuple[int, int]]] = []
    for exclusion in exclude:
        combinations: list[list[tuple[int, int]]] = [[]]
        for dimension, values in exclusion.items():
            combinations = [[*known, (dimension, value)] for known in combinations for value in values]
        found += combinations
    return found


def measure(tool: str, levels: tuple[int, ...], strength: int, *, exclude: bool) -> tuple[int, float, float]:
    """Size, processor seconds and peak megabytes of one array, built in this process."""
    forbidden = FORBIDDEN if exclude else ()
    begin = time.process_time()  # not the clock's: other work on the machine is not to count
    if tool == "astral":
        size = len(covering_array(levels, strength, exclude=rules_of(exclude=exclude)))
    elif tool == "pict":
        size = pict_size(levels, strength, forbidden)
    else:
        size = 0
    seconds = time.process_time() - begin
    return size, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured_apart(tool: str, levels: tuple[int, ...], strength: int, *, exclude: bool) -> tuple[int, float, float]:
    """The same from a fresh process."""
    task = json.dumps({"tool": tool, "levels": levels, "strength": strength, "exclude": exclude})
    answer = subprocess.run([sys.executable, __file__, "--task", task], check=True, capture_output=True, text=True)
    size, seconds, megabytes = json.loads(answer.stdout)
    return size, seconds, megabytes


def rules_of(*, exclude: bool) -> list[Exclusion]:
    """The exclusions as astral takes them."""
    return [{d: frozenset(values) for d, values in one.items()} for one in (FORBIDDEN if exclude else ())]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure the covering arrays, beside Microsoft PICT.")
    parser.add_argument("--all", action="store_true", help="run PICT on models where it takes minutes, too")
    parser.add_argument("--levels", help="only this model, such as 14x10x6x5")
    parser.add_argument("--strength", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the table into docs/coverage.md")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        task = json.loads(options.task)
        print(json.dumps(measure(task["tool"], tuple(task["levels"]), task["strength"], exclude=task["exclude"])))
        return
    models = MODELS
    if options.levels:
        levels = tuple(map(int, options.levels.split("x")))
        models = (("·".join(map(str, levels)), levels, options.strength, False),)
    has_pict = any((ROOT / ".venv" / "pict" / "pypict.libs").glob("libpict*.so"))
    if not has_pict:
        print("PICT is not installed; see the head of this file.", file=sys.stderr)
    lines = [
        f"A bare process with numpy takes {measured_apart('nothing', (1,), 1, exclude=False)[2]:.0f} MB.",
        "",
        "| model | t | lower bound | astral | s | MB | PICT | s | MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    for name, levels, strength, exclude in models:
        bound = lower_bound(levels, strength, exclude=rules_of(exclude=exclude))
        size, seconds, megabytes = measured_apart("astral", levels, strength, exclude=exclude)
        line = f"| {name} | {strength} | {bound:,} | {size:,} | {seconds:.2f} | {megabytes:.0f} |"
        if has_pict and (bound <= SLOW_FOR_PICT or options.all):
            size, seconds, megabytes = measured_apart("pict", levels, strength, exclude=exclude)
            line += f" {size:,} | {seconds:.2f} | {megabytes:.0f} |"
        else:
            line += " – | – | – |"
        print(line, flush=True)
        lines.append(line)
    if options.write:
        write_block(PAGE, "benchmarks/covering.py", "\n".join(lines))


if __name__ == "__main__":
    main()
