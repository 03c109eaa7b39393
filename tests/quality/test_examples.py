"""Examples for schedulers: parsed, held against what each scheduler asks for, and against astral's own options."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from configparser import RawConfigParser
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.quality.test_scale_examples import KUBERNETES

EXAMPLES = Path(__file__).parents[2] / "examples"


def _read(name):
    return list(yaml.safe_load_all((EXAMPLES / name).read_text(encoding="utf-8")))


def _unit(name):
    unit = RawConfigParser(strict=True)
    unit.optionxform = str
    unit.read(EXAMPLES / name, encoding="utf-8")
    return unit


def _commands():
    jobs = _read("github-actions.yml")[0]["jobs"]["nightly"]["steps"]
    yield from (step["run"] for step in jobs if step.get("run", "").startswith("astral "))
    yield from (line for line in _read("gitlab-ci.yml")[0]["astral-nightly"]["script"] if line.startswith("astral "))
    yield _unit("astral-nightly.service")["Service"]["ExecStart"].removeprefix("/usr/bin/env ")
    (container,) = _read("kubernetes.yaml")[1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    yield shlex.join([*container["command"], *container["args"]])


def test_every_example_types_what_astral_knows():
    from typer.main import get_command

    from astral.cli.app import app

    known = {name for part in get_command(app).commands["nightly"].params for name in part.opts}
    commands = [shlex.split(text) for text in _commands()]
    assert len(commands) == 4
    for command in commands:
        assert command[:2] == ["astral", "nightly"]
        assert {word for word in command if word.startswith("--")} <= known


@pytest.mark.parametrize(
    ("name", "schema"), [("github-actions.yml", "vendor.github-workflows"), ("gitlab-ci.yml", "vendor.gitlab-ci")]
)
def test_pipelines_are_valid_by_their_published_schemas(name, schema):
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    transform = ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []
    done = subprocess.run([*check, *transform, str(EXAMPLES / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", KUBERNETES)
def test_manifests_are_valid_by_the_schema_of_kubernetes(version):
    for manifest in _read("kubernetes.yaml"):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_the_workflow_of_github_is_one():
    (workflow,) = _read("github-actions.yml")
    assert workflow[True]["schedule"][0]["cron"].count(" ") == 4  # YAML 1.1 reads `on` as true
    for step in workflow["jobs"]["nightly"]["steps"]:
        assert ("run" in step) != ("uses" in step)
        assert "@" in step.get("uses", "@")
    assert workflow["permissions"]["contents"] == "read"


def test_the_manifest_of_kubernetes_hangs_together():
    claim, job = _read("kubernetes.yaml")
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] in {"Never", "OnFailure"}
    (container,) = pod["containers"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    assert volumes["data"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert not any("value" in variable for variable in container.get("env", []))


def test_the_image_is_linted_and_holds_what_the_manifests_expect():
    done = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), EXAMPLES / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (EXAMPLES / "Dockerfile").read_text(encoding="utf-8").splitlines()
    (user,) = [line.split()[1].split(":")[0] for line in lines if line.startswith("USER")]
    for path in [EXAMPLES / "kubernetes.yaml", *(EXAMPLES / "scale").glob("*.yaml")]:
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"runAsUser: (\d+)", text)) <= {user}
        assert {name.split(":")[0] for name in re.findall(r"image: (\S+)", text)} <= {
            "registry.example.com/astral",
            "registry.example.com/astral-ray",
        }
    assert not [line for line in lines if re.match(r"(ENV|ARG)\b.*(KEY|TOKEN|SECRET)", line)]


def test_what_the_wheel_is_made_of_gets_into_the_image():
    root = EXAMPLES.parent
    kept = {line[1:] for line in (root / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"}
    told = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = told["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*wheel["packages"], *wheel["force-include"], told["project"]["readme"], "pyproject.toml"} <= kept
    assert all((root / name).exists() for name in kept)


def test_units_of_systemd_are_valid(tmp_path):
    assert _unit("astral-nightly.service")["Service"]["SuccessExitStatus"] == "4"
    assert _unit("astral-nightly.timer")["Timer"]["OnCalendar"]
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    units = [shutil.copy(EXAMPLES / f"astral-nightly.{kind}", tmp_path) for kind in ("service", "timer")]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False, timeout=60
    )
    # A machine without a system manager tells more on stderr; what it says of these two files counts.
    assert "astral-nightly" not in done.stderr, done.stderr
