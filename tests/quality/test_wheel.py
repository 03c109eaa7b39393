"""What an installed wheel's user gets: data files, commands, and the demo."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A virtual environment with the wheel; its dependencies are those of the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    (site,) = folder.glob("lib/python*/site-packages")
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel], check=True, capture_output=True
    )
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


@pytest.mark.slow
def test_the_wheel_holds_every_prompt_and_taxonomy(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("prompts", "taxonomies", "prices"):
        for path in (ROOT / folder).rglob("*.*"):
            assert f"astral/assets/{folder}/{path.relative_to(ROOT / folder).as_posix()}" in names


@pytest.mark.slow
def test_the_main_job_runs_from_an_installed_wheel(installed, tmp_path):
    where = subprocess.run(
        [installed / "python", "-c", "import astral; print(astral.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(installed.parent)), "the tests' own sources are not what is tested here"
    narrow = ["--only", "language=en", "--only", "risk=violence", "--only", "style=slang,question", "--strength", "1"]
    done = subprocess.run(
        [installed / "astral", "generate", "--target", "local", "--max-answer", "8", "--controls", "1", *narrow],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (page,) = (tmp_path / "runs").glob("*/report.html")
    assert "<html" in page.read_text()
