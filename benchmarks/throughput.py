"""How near the whole tool comes to the limit of an endpoint, beside clients that do nothing but ask, and Inspect AI.

    python benchmarks/throughput.py                          # 1,000 and 10,000 cases, constant and lognormal latencies
    python benchmarks/throughput.py --cases 1000 --sigma 0   # a quick look
    python benchmarks/throughput.py --inspect PYTHON         # the interpreter of a venv in which inspect_ai is
    python benchmarks/throughput.py --write                  # puts the table into docs/speed.md

Each row has a stub endpoint of its own (`stub_endpoint.py`, 200 ms a call) and is a process of its own; astral's is the
public command. Ratio: time that the calls would take one after the other, divided by the calls in flight and by the
time from the first request to the last answer. CPU and memory are those of the whole
process, start and report included.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "speed.md"
BEGIN, END = "<!-- benchmarks/throughput.py: begin -->", "<!-- benchmarks/throughput.py: end -->"
HEAD = (
    "| | cases | latency | ratio | most in flight | CPU ms a case | MB | first request, s of CPU |\n"
    "|---|---|---|---|---|---|---|---|"
)
PARTS = {name: HERE / "throughput_clients" / f"{name}.py" for name in ("bare", "inspected")}
"""The programs of the rows that are not astral's."""


def measured(name: str, command: list[str], *, cases: int, sigma: float, told: argparse.Namespace) -> str:
    """A row of the table; URL and RUNS in the command stand for the stub's address, and for a folder."""
    stub = subprocess.Popen(
        [sys.executable, str(HERE / "stub_endpoint.py"), "--sigma", str(sigma), "--seconds", str(told.seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = (stub.stdout.readline() if stub.stdout else "").strip()
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [part.replace("URL", url).replace("RUNS", folder) for part in command],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            begun = cpu_until_first_request(process.pid, url)
            _, status, used = os.wait4(process.pid, 0)
        stats = stats_of(url)
    finally:
        stub.kill()
        stub.wait()
    ratio = stats["latency_sum"] / told.flight / max(1e-9, stats["last"] - stats["first"])
    cpu = 1000 * (used.ru_utime + used.ru_stime) / cases
    latency = f"lognormal, sigma {sigma:g}" if sigma else "constant"
    # Exit codes of astral from 3 on are those of a run that failed.
    failed = "" if os.waitstatus_to_exitcode(status) in {0, 1} else " (failed)"
    return (
        f"| {name}{failed} | {cases:,} | {latency} | {ratio:.2f} | {stats['most_in_flight']} | {cpu:.1f} "
        f"| {used.ru_maxrss / 1024:.0f} | {begun:.1f} |"
    )


def cpu_until_first_request(process: int, url: str) -> float:
    """Seconds of CPU that a process has used when the stub hears of it first; all, where it ends before."""
    ticks, used = os.sysconf("SC_CLK_TCK"), 0.0
    while True:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
        used = (int(fields[11]) + int(fields[12])) / ticks
        if fields[0] == "Z" or stats_of(url)["requests"]:
            return used
        time.sleep(0.05)


def stats_of(url: str) -> dict[str, Any]:
    """What the stub has counted."""
    with urllib.request.urlopen(url.replace("/v1", "/stats")) as answer:  # noqa: S310 - our own stub
        stats: dict[str, Any] = json.load(answer)
        return stats


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
        "astral generate --twins 0": [*astral, "--twins", "0"],
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
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
