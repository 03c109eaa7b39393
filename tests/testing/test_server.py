"""The stub server can be run by hand, and its seeded faults repeat."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request

from astral.testing.faults import Fault, evenly
from astral.testing.server import StubServer


def post(url: str) -> tuple[int, dict]:
    body = json.dumps({"model": "m", "messages": []}).encode()
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_it_is_run_as_a_module():
    command = [sys.executable, "-m", "astral.testing.server", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    status, answer = post(f"{url}/chat/completions")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert (status, answer["model"], process.returncode, errors) == (200, "m-stub", 0, "")


def test_the_same_seed_gives_the_same_faults():
    def faults(seed):
        with StubServer(fault_shares=evenly(0.5), seed=seed) as server:
            return [server.fault_of(number, {}) for number in range(40)]

    assert faults(1) == faults(1) != faults(2)
    assert 8 < sum(fault is not None for fault in faults(1)) < 32


def test_an_unknown_address_is_404_and_faults_come_first():
    with StubServer(faults=[Fault.RATE_LIMIT]) as server:
        assert post(f"{server.url}/v1/messages")[0] == 429
        assert post(f"{server.url}/v1/nothing")[0] == 404
        assert post(f"{server.url}/v1/messages")[0] == 200
