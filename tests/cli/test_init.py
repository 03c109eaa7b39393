import json
import re

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from astral.assets import read_yaml
from astral.cli.init import SCHEMA_FILE, TEMPLATE
from astral.config import EndpointSettings, Settings, load_settings

ENTRY = re.compile(r"^(?P<indent> *)# (?P<entry>(?:  )*(?:- \{)?[a-z_]+:.*)$")


def uncommented(text):
    """The template with every commented entry switched on; whole sentences stay comments."""
    return "\n".join(ENTRY.sub(r"\g<indent>\g<entry>", line) for line in text.splitlines())


def names_of(model, prefix=""):
    for name, field in model.model_fields.items():
        inner = field.annotation
        if prefix in {"attacker.", "judge."} and name in EndpointSettings.model_fields and name != "base_url":
            continue  # they may be told what stands under `target`
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from names_of(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


MAPPINGS = {"only", "weights", "prices", "limits", "coverage.precision", "target.engine", "target.guard"}
MAPPINGS |= {"target.parameters", *(f"target.http.{name}" for name in ("headers", "body", "blocked"))}


def keys_of(data, prefix=""):
    for key, value in data.items():
        if isinstance(value, dict) and f"{prefix}{key}" not in MAPPINGS:
            yield from keys_of(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def test_what_it_writes_is_the_default_and_tells_the_next_step(astral, tmp_path):
    done = astral("init", tmp_path / "new")
    assert done.code == 0
    assert load_settings(tmp_path / "new" / "astral.yaml") == Settings()
    assert f"Next: cd {tmp_path / 'new'} && astral generate" in done.out


def test_each_commented_entry_is_valid_when_it_is_switched_on(tmp_path):
    lines = TEMPLATE.splitlines()
    commented = [number for number, line in enumerate(lines) if ENTRY.match(line)]
    assert len(commented) >= 12
    for number in commented:
        one = list(lines)
        one[number] = uncommented(lines[number])
        indent = ENTRY.match(lines[number])["indent"]
        # A key with nothing behind it holds the lines below it.
        for below in range(number + 1, len(lines)):
            if not lines[below].startswith(f"{indent}#   "):
                break
            one[below] = uncommented(lines[below])
        if lines[number].lstrip().startswith("#   "):
            continue  # switched on together with the key above it
        path = tmp_path / f"{number}.yaml"
        path.write_text("\n".join(one))
        assert load_settings(path) != Settings(), lines[number]


def test_all_entries_together_are_valid_and_name_every_setting(tmp_path):
    path = tmp_path / "all.yaml"
    path.write_text(uncommented(TEMPLATE))
    load_settings(path)
    assert sorted(keys_of(yaml.safe_load(path.read_text()))) == sorted(names_of(Settings))


def test_the_schema_beside_it_accepts_it_and_refuses_a_wrong_key(astral, tmp_path):
    astral("init", tmp_path)
    schema = json.loads((tmp_path / SCHEMA_FILE).read_text())
    check = jsonschema.Draft202012Validator(schema)
    check.check_schema(schema)
    check.validate(read_yaml(tmp_path / "astral.yaml"))
    check.validate(yaml.safe_load(uncommented(TEMPLATE)))
    with pytest.raises(jsonschema.ValidationError, match="modle"):
        check.validate({"target": {"modle": "local"}})


def test_a_file_that_is_there_is_not_written_over(astral, tmp_path):
    (tmp_path / "astral.yaml").write_text("seed: 7\n")
    done = astral("init", tmp_path)
    assert done.code == 2
    assert "--force" in done.err
    assert (tmp_path / "astral.yaml").read_text() == "seed: 7\n"
    assert not (tmp_path / SCHEMA_FILE).exists()
    assert astral("init", tmp_path, "--force").code == 0
    assert (tmp_path / "astral.yaml").read_text() == TEMPLATE


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_folder_that_cannot_be_is_told(astral, tmp_path, folder):
    (tmp_path / "file").write_text("")
    done = astral("init", tmp_path / folder)
    assert done.code == 2
    assert "cannot be written" in done.err
    assert "Traceback" not in done.err
