"""Writes the pages of reference into a folder, from the code: `make docs` runs it before it builds the site.

It lies outside of docs/, all of which is published.
"""

import inspect
import json
import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Write each page anew."""
    folder.mkdir(exist_ok=True)
    for name, page in {"commands": _commands, "settings": _settings, "ports": _ports, "summary": _summary}.items():
        (folder / f"{name}.md").write_text(page(), encoding="utf-8")


def _commands() -> str:
    import typer

    from astral.cli.app import app

    group = typer.main.get_command(app)
    parts = ["# Commands\n\nAs `astral COMMAND --help` shows them.\n"]
    for name, command in sorted(group.commands.items()):
        parts += _command(f"astral {name}", command)
    return "\n".join(parts)


def _command(name: str, command: object) -> list[str]:
    told = inspect.cleandoc(command.help or "").replace("Examples:\n*", "Examples:\n\n*")
    parts = [f"## `{name}`\n\n{told}\n"]
    rows = [
        f"| `{', '.join(each.opts) if each.opts[0].startswith('-') else (each.metavar or each.name)}` "
        f"| {' '.join((getattr(each, 'help', '') or '').split()).replace('|', '¦')} |"
        for each in command.params
        if not getattr(each, "hidden", False)
    ]
    if rows:
        parts.append("| option | |\n|---|---|\n" + "\n".join(rows) + "\n")
    for child, sub in sorted(getattr(command, "commands", {}).items()):
        parts += _command(f"{name} {child}", sub)
    return parts


def _settings() -> str:
    from astral.config import Settings

    return _schema_page("Settings", "What astral.yaml may hold; `astral init` writes a commented one.", Settings)


def _summary() -> str:
    from astral.report import Summary

    return _schema_page("summary.json", "The JSON schema of what `--json` prints and `summary.json` holds.", Summary)


def _schema_page(title: str, what: str, model: type) -> str:
    schema = json.dumps(model.model_json_schema(), indent=2, ensure_ascii=False)
    return f"# {title}\n\n{what}\n\n```json\n{schema}\n```\n"


def _ports() -> str:
    from astral.domain import ports

    return f"# Ports\n\nThe whole contract for plug-ins.\n\n```python\n{inspect.getsource(ports)}```\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
