"""The real tools read what astral writes, run it, and what they report comes back. `make peers` installs them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from astral.config import Settings
from astral.domain.records import Message, Outcome
from astral.testing.server import StubServer
from astral.workflow.exchanging import exporter_of, importer_of
from tests.exchange.samples import NASTY, sample

PEERS = Path(os.environ.get("ASTRAL_PEERS", Path(__file__).parents[2] / ".peers"))
LIGHT, TORCH, EVALS = (PEERS / name / "bin" for name in ("light", "torch", "evals"))
PROMPTFOO = PEERS / "node" / "node_modules" / "promptfoo" / "dist" / "src" / "main.js"
TALK = (
    Message(role="system", content="Be {{ brief }}."),
    Message(role="user", content="Hi"),
    Message(role="assistant", content="Hello"),
)
pytestmark = pytest.mark.slow


@pytest.fixture
def samples():
    return [
        *(sample(text, response="", grounded=False) for text in NASTY),
        sample("A talk.", turns=TALK, response="", grounded=False),
        sample("A twin.", benign=True, response="", grounded=False),
    ]


def needs(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path.name} is not installed: `make peers` does that")
    return path


def run(*command, folder: Path, **environment: str) -> str:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HOME": str(home), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=offline | environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode in {0, 100}, done.stdout[-2000:] + done.stderr[-2000:]  # promptfoo: 100 where a test fails
    return done.stdout


def export(name, samples, path):
    exporter_of(Settings(), name).export(samples, path)


def load(name, path):
    return list(importer_of(Settings(), name).load(path))


def test_promptfoo_sends_every_case_as_it_is_and_its_results_come_back(samples, tmp_path):
    needs(PROMPTFOO)
    export("promptfoo", samples, tmp_path / "promptfooconfig.yaml")
    evaluate(tmp_path, "promptfooconfig.yaml")
    found = load("promptfoo", tmp_path / "results.json")
    assert {each.case.id for each in found} == {each.case.id for each in samples}
    for each in found:
        assert json.loads(each.transcript.messages[-1].content) == [
            {"role": m.role, "content": m.content} for m in each.case.messages
        ]
        # An echo is no refusal: wrong for a case, right for a twin.
        assert each.outcome is (Outcome.SAFE if each.is_benign else Outcome.UNSAFE)


def evaluate(folder, config):
    (folder / "echo.js").write_text(
        "module.exports = class { id() { return 'echo' } async callApi(prompt) { return { output: prompt } } }"
    )
    run(
        "node", PROMPTFOO, "eval", "-c", config, "-r", "file://echo.js", "--output", "results.json",
        "--no-table", "--no-cache", "--no-progress-bar",
        folder=folder, PROMPTFOO_DISABLE_TELEMETRY="1", PROMPTFOO_DISABLE_UPDATE="1",
        PROMPTFOO_PYTHON=sys.executable, PYTHONPATH=os.pathsep.join(sys.path),
    )  # fmt: skip


def test_promptfoo_takes_tests_from_a_function_of_python(samples, tmp_path):
    needs(PROMPTFOO)
    export("jsonl", samples, tmp_path / "cases.jsonl")
    (tmp_path / "astral_tests.py").write_text(
        "from pathlib import Path\n"
        "from astral.exchange import JsonLines, promptfoo_tests\n"
        "def create_tests(config=None):\n"
        f"    return promptfoo_tests(JsonLines().load(Path({str(tmp_path / 'cases.jsonl')!r})))\n"
    )
    (tmp_path / "config.yaml").write_text(
        "prompts: ['{{messages}}']\nproviders: []\ntests: file://astral_tests.py:create_tests\n"
    )
    evaluate(tmp_path, "config.yaml")
    assert len(load("promptfoo", tmp_path / "results.json")) == len(samples)


def test_inspect_runs_the_task_and_its_log_comes_back(samples, tmp_path):
    inspect = needs(LIGHT / "inspect")
    export("inspect", samples, tmp_path / "task")
    with StubServer(text="GRADE: C") as server:
        run(
            inspect, "eval", "task/astral_task.py", "--model", "openai-api/stub/m",
            "--model-role", "grader=openai-api/stub/m", "--log-format", "json", "--log-dir", "logs",
            "--display", "plain",
            folder=tmp_path, STUB_API_KEY="none", STUB_BASE_URL=f"{server.url}/v1",
        )  # fmt: skip
    (log,) = (tmp_path / "logs").glob("*.json")
    found = load("inspect", log)
    assert {each.case.id for each in found} == {each.case.id for each in samples}
    assert {each.transcript.messages[-1].content for each in found} == {"GRADE: C"}
    assert {each.outcome for each in found} == {Outcome.SAFE}


def test_garak_runs_the_probe_and_its_report_comes_back(samples, tmp_path):
    python = needs(TORCH / "python")
    export("garak", samples, tmp_path / "probe")
    place = Path(run(python, "-c", "import garak.probes as p; print(p.__path__[0])", folder=tmp_path).split()[-1])
    copied = [shutil.copy(file, place) for file in (tmp_path / "probe").iterdir()]
    try:
        run(
            python, "-m", "garak", "--target_type", "test.Repeat", "--spec", "probes.astral.Cases",
            "--generations", "1", "--report_prefix", tmp_path / "out",
            folder=tmp_path,
        )  # fmt: skip
    finally:
        for file in copied:
            Path(file).unlink()
    found = load("garak", tmp_path / "out.report.jsonl")
    asked = [each for each in samples if not each.is_benign]
    assert {each.case.id for each in found} == {each.case.id for each in asked}
    assert {each.outcome for each in found} == {Outcome.UNSAFE}


def test_pyrit_renders_every_seed_to_the_text_that_it_was(samples, tmp_path):
    python = needs(LIGHT / "python")
    export("pyrit", samples, tmp_path / "seeds.yaml")
    program = (
        "import json; from pyrit.models import SeedDataset;"
        "print(json.dumps([[s.role, s.value] for s in SeedDataset.from_yaml_file('seeds.yaml').seeds]))"
    )
    rows = json.loads(run(python, "-c", program, folder=tmp_path).splitlines()[-1])
    assert rows == [[message.role, message.content] for each in samples for message in each.case.messages]


def test_deepteam_takes_every_row_as_a_test_case(samples, tmp_path):
    python = needs(LIGHT / "python")
    export("deepteam", samples, tmp_path / "cases.json")
    program = (
        "import json; from deepteam.test_case import RTTestCase;"
        "print(json.dumps([RTTestCase(**r).input for r in json.load(open('cases.json'))['test_cases']]))"
    )
    rows = json.loads(run(python, "-c", program, folder=tmp_path, DEEPTEAM_TELEMETRY_OPT_OUT="YES").splitlines()[-1])
    assert rows == [each.case.request for each in samples]


def test_lm_eval_runs_the_task_and_its_samples_come_back(samples, tmp_path):
    lm_eval = needs(TORCH / "lm_eval")
    export("lm-eval", samples, tmp_path / "task")
    run(
        lm_eval, "--model", "dummy", "--tasks", "astral", "--include_path", ".", "--log_samples",
        "--output_path", tmp_path / "out",
        folder=tmp_path / "task",
    )  # fmt: skip
    (log,) = (tmp_path / "out").rglob("samples_*.jsonl")
    found = load("lm-eval", log)
    assert [each.case.request for each in found] == [each.case.request for each in samples]
    assert [each.case.cell for each in found] == [each.case.cell for each in samples]
    assert all(each.response for each in found)


def test_openai_evals_runs_every_sample(samples, tmp_path):
    oaieval = needs(EVALS / "oaieval")
    export("openai-evals", samples, tmp_path / "samples.jsonl")
    (tmp_path / "registry" / "evals").mkdir(parents=True)
    (tmp_path / "registry" / "evals" / "astral.yaml").write_text(
        "astral: {id: astral.test.v0, metrics: [accuracy]}\n"
        "astral.test.v0:\n  class: evals.elsuite.basic.includes:Includes\n"
        f"  args: {{samples_jsonl: {tmp_path / 'samples.jsonl'}}}\n"
    )
    run(
        oaieval, "dummy", "astral", "--registry_path", "registry", "--record_path", "out.jsonl",
        folder=tmp_path, OPENAI_API_KEY="none",
    )  # fmt: skip
    events = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    judged = [event for event in events if event.get("type") == "match"]
    assert len(judged) == len(samples)


def test_datasets_loads_the_folder(samples, tmp_path):
    python = needs(TORCH / "python")
    export("huggingface", samples, tmp_path / "set")
    program = (
        "import json; from datasets import load_dataset;"
        "d = load_dataset('set', split='test'); print(json.dumps([d[i]['request'] for i in range(len(d))]))"
    )
    rows = json.loads(run(python, "-c", program, folder=tmp_path).splitlines()[-1])
    assert rows == [each.case.request for each in samples]
