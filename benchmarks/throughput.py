"""How near the whole tool comes to the limit of an endpoint, beside bare clients that do nothing but ask.

`python benchmarks/throughput.py --cases 1000` starts a stub endpoint (`stub_endpoint.py`, 200 ms a call) as a process
of its own for each row, and the public command as another one. Ratio: time that the calls would take one after the
other, divided by the calls in flight and by the time from the first request to the last answer.
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
BARE = """
import asyncio, sys
url, pairs, flight, client = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
body = {"model": "stub", "messages": [{"role": "user", "content": "Is it true that parrots talk?"}], "max_tokens": 96}

async def main():
    if client == "aiohttp":
        import aiohttp
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=flight))
        async def ask(model):
            async with session.post(url + "/chat/completions", json={**body, "model": model}) as answer:
                await answer.json()
        close = session.close
    else:
        import openai
        sdk = openai.AsyncOpenAI(api_key="none", base_url=url, max_retries=0)
        async def ask(model):
            await sdk.chat.completions.create(**{**body, "model": model})
        close = sdk.close
    left = iter(range(pairs))
    async def worker():
        for _ in left:
            await ask("stub")
            await ask("stub-judge")
    await asyncio.gather(*(worker() for _ in range(flight)))
    await close()

asyncio.run(main())
"""


def measured(name: str, command: list[str], told: argparse.Namespace) -> str:
    """A row of the table; `URL` in the command stands for the stub's address."""
    stub = subprocess.Popen(
        [sys.executable, str(HERE / "stub_endpoint.py"), "--sigma", str(told.sigma), "--seconds", str(told.seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = (stub.stdout.readline() if stub.stdout else "").strip()
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [part.replace("URL", url).replace("RUNS", folder) for part in command],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _, _, used = os.wait4(process.pid, 0)
        with urllib.request.urlopen(url.replace("/v1", "/stats")) as answer:  # noqa: S310 - our own stub
            stats: dict[str, Any] = json.load(answer)
    finally:
        stub.kill()
        stub.wait()
    ratio = stats["latency_sum"] / told.flight / max(1e-9, stats["last"] - stats["first"])
    cpu = 1000 * (used.ru_utime + used.ru_stime) / told.cases
    first = stats["first"] - start
    return f"| {name} | {stats['requests']} | {ratio:.2f} | {cpu:.1f} | {used.ru_maxrss / 1024:.0f} | {first:.1f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--flight", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--sigma", type=float, default=0.0, help="of lognormal latencies")
    told = parser.parse_args()
    # The command's number is one for each endpoint, and target and judge are two.
    astral = (
        f"{sys.executable} -m astral generate --attacker compose --target openai:stub --judge openai:stub-judge "
        f"--base-url URL --concurrency {told.flight // 2} --max-cases {told.cases} --runs RUNS"
    ).split()
    sys.stdout.write("| | requests | ratio | CPU ms a case | MB | first request, s |\n|---|---|---|---|---|---|\n")
    for client in ("aiohttp", "openai SDK"):
        bare = [sys.executable, "-c", BARE, "URL", str(told.cases), str(told.flight), client]
        sys.stdout.write(measured(f"bare {client}", bare, told) + "\n")
        sys.stdout.flush()
    sys.stdout.write(measured("astral generate", astral, told) + "\n")


if __name__ == "__main__":
    main()
