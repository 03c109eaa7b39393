"""How near the whole tool comes to the limit of an endpoint, beside clients that do nothing but ask, and Inspect AI.

    python benchmarks/throughput.py                          # 1,000 and 10,000 cases, constant and lognormal latencies
    python benchmarks/throughput.py --cases 1000 --sigma 0   # a quick look
    python benchmarks/throughput.py --inspect PYTHON         # the interpreter of a venv in which inspect_ai is
    python benchmarks/throughput.py --write                  # puts the table into docs/speed.md

Each row has a stub endpoint of its own (200 ms a call) and is a process of its own; astral's is the
public command. Ratio: time that the calls would take one after the other, divided by the calls in flight and by the
time from the first request to the last answer. CPU and memory are those of the whole
process, start and report included.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pages import write_block

from astral.testing.answers import talk_or_vote
from astral.testing.server import StubServer

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "speed.md"
HEAD = (
    "| | cases | latency | ratio | most in flight | CPU ms a case | MB | first request, s of CPU |\n"
    "|---|---|---|---|---|---|---|---|"
)
PARTS = {name: HERE / "throughput_clients" / f"{name}.py" for name in ("bare", "inspected")}
"""The programs of the rows that are not astral's."""


def measured(name: str, command: list[str], *, cases: int, sigma: float, told: argparse.Namespace) -> str:
    """A row of the table; URL and RUNS in the command stand for the stub's address, and for a folder."""
    stub = StubServer(latency_seconds=told.seconds, sigma=sigma, text=talk_or_vote())
    with stub, tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [part.replace("URL", stub.openai_url).replace("RUNS", folder) for part in command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        begun = cpu_until_first_request(process.pid, stub)
        _, status, used = os.wait4(process.pid, 0)
    passed = max(each.answered for each in stub.log) - stub.log[0].moment if stub.log else 0.0
    ratio = sum(each.seconds for each in stub.log) / told.flight / max(1e-9, passed)
    cpu = 1000 * (used.ru_utime + used.ru_stime) / cases
    latency = f"lognormal, sigma {sigma:g}" if sigma else "constant"
    # Exit codes of astral from 3 on are those of a run that failed.
    failed = "" if os.waitstatus_to_exitcode(status) in {0, 1} else " (failed)"
    return (
        f"| {name}{failed} | {cases:,} | {latency} | {ratio:.2f} | {stub.most_in_flight} | {cpu:.1f} "
        f"| {used.ru_maxrss / 1024:.0f} | {begun:.1f} |"
    )


def cpu_until_first_request(process: int, stub: StubServer) -> float:
    """Seconds of CPU that a process has used when the stub hears of it first; all, where it ends before."""
    ticks, used = os.sysconf("SC_CLK_TCK"), 0.0
    while True:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
        used = (int(fields[11]) + int(fields[12])) / ticks
        if fields[0] == "Z" or stub.log:
            return used
        time.sleep(0.05)


def rows_of(cases: int, sigma: float, told: argparse.Namespace) -> list[str]:
    """The rows of one amount of work."""
    # As the issue asks for it; the number is the most calls in flight at one endpoint.
    astral = (
        f"{sys.executable} -m astral generate --attacker compose --target openai:stub --judge openai:stub-judge "
        f"--base-url URL --concurrency {told.flight} --max-cases {cases} --runs RUNS"
    ).split()
    work = ["URL", str(cases), str(told.flight)]
    commands = {
        "aiohttp alone": [sys.executable, str(PARTS["bare"]), *work, "aiohttp"],
        "openai SDK alone": [sys.executable, str(PARTS["bare"]), *work, "sdk"],
        "Inspect AI": [str(told.inspect), str(PARTS["inspected"]), *work, "RUNS"] if told.inspect else [],
        "astral generate": astral,
    }
    rows: list[str] = []
    for name, command in commands.items():
        if told.only and told.only not in name:
            continue
        row = measured(name, command, cases=cases, sigma=sigma, told=told) if command else f"| {name}: not installed |"
        rows.append(row)
        sys.stderr.write(row + "\n")
    return rows


def main() -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--sigma", type=float, nargs="+", default=[0.0, 0.6], help="of lognormal latencies")
    parser.add_argument("--flight", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=0.2, help="mean latency of a call")
    parser.add_argument("--inspect", type=Path, help="python with inspect_ai and openai")
    parser.add_argument("--only", help="rows whose name holds this")
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    told = parser.parse_args()
    rows = [row for cases in told.cases for sigma in told.sigma for row in rows_of(cases, sigma, told)]
    table = "\n".join([HEAD, *rows])
    sys.stdout.write(table + "\n")
    if told.write:
        write_block(PAGE, "benchmarks/throughput.py", table)


if __name__ == "__main__":
    main()
