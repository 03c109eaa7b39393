"""A killed process loses nothing that a write had returned for, and leaves nothing locked."""

import random
import signal
import subprocess
import sys
import time

import pytest

from astral.record import Store

WRITER = """if 1:
    import asyncio, sys
    from astral.domain.run import Call
    from astral.record import Recorder, Store

    async def one(recorder, worker):
        number = worker
        while True:
            await recorder.write(Call(key=str(number), role="judge", reply="x" * 500))
            sys.stdout.write(f"{number}\\n")
            sys.stdout.flush()
            number += 32

    async def main():
        store = Store.open(sys.argv[1])
        with store.lock("run-1"):
            recorder = Recorder(store, "run-1")
            await asyncio.gather(*(one(recorder, worker) for worker in range(32)))

    asyncio.run(main())
"""


@pytest.mark.slow
def test_sigkill_loses_nothing_that_was_acknowledged(url, make, tmp_path):
    with Store.open(url) as store:
        store.add_run(make.manifest())
    acknowledged = set()
    for _ in range(3):
        said = tmp_path / "said"
        with said.open("wb") as out:
            writer = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=out)
            while said.stat().st_size == 0 and writer.poll() is None:
                time.sleep(0.01)
            time.sleep(random.uniform(0, 0.4))
            writer.kill()
            assert writer.wait() == -signal.SIGKILL
        lines = said.read_text().splitlines(keepends=True)
        acknowledged |= {line.strip() for line in lines if line.endswith("\n")}
        with Store.open(url) as store, store.lock("run-1"):
            lost = [key for key in acknowledged if store.call("run-1", key) is None]
        assert acknowledged
        assert lost == []
