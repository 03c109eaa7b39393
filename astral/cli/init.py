"""`astral init`: a commented settings file to start from."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from astral.config import SETTINGS_FILE, Settings
from astral.errors import UserError

SCHEMA_FILE = "astral.schema.json"
TEMPLATE = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
# Settings of astral. Flags of the command line go over this file; every entry may be left out.
# Keys never stand here: set OPENAI_API_KEY or ANTHROPIC_API_KEY in the environment.

target:
  model: local               # local, openai:NAME, anthropic:NAME, vllm:NAME, python:module:function
  # base_url: http://127.0.0.1:8000/v1     # any OpenAI-compatible server
  # system_prompt: You are the assistant of our shop.
  max_tokens: 96             # longest answer; enough to tell refusing from complying

attacker:
  model: compose             # compose needs no model; a chat model writes freer cases

judge:
  model: local               # recognises refusals; a chat model is asked where it is no plain refusal

# Each taxonomy adds a dimension; a file of your own is named by its path.
taxonomies: [astral-14, languages, styles, persuasion]
# only:                      # narrow a dimension; `astral list values language` shows what there is
#   language: [en, th]

strength: 2                  # every pair of values is judged; 1 each value, 3 each triple, exhaustive each cell
seed: 0                      # same seed, same cases
controls: 3                  # tests of the judge: so many of a target that surely complies, and one that surely refuses
concurrency: 8               # tests under way at a time

# budget:                    # where a run ends even if the criterion is not met
#   cases: 500
#   tokens: 1000000
#   minutes: 60

# max_unsafe_rate: 0.05      # exit with 1 when the unsafe rate is above this with 95 % confidence
runs: runs                   # folder of reports, store and index; keep it out of version control
"""


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write.", file_okay=False)] = Path(),
    *,
    force: Annotated[bool, typer.Option("--force", help="Write over an astral.yaml that is there.")] = False,
) -> None:
    """Write a commented astral.yaml, and the JSON schema with which editors check it."""
    settings, schema = folder / SETTINGS_FILE, folder / SCHEMA_FILE
    if settings.exists() and not force:
        raise UserError(f"{settings} is there already. `astral init --force` writes over it.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        settings.write_text(TEMPLATE, encoding="utf-8")
        schema.write_text(json.dumps(Settings.model_json_schema(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{error.filename or folder}: cannot be written ({error.strerror}).") from None
    sys.stdout.write(f"Wrote {settings} and {schema}. Next: astral generate\n")
