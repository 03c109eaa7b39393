"""Settings from a preset, astral.yaml and flags."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from astral.assets import check_yaml, load_preset, problems_of, read_yaml
from astral.config.settings import Settings
from astral.errors import UserError

SETTINGS_FILE = "astral.yaml"


def load_settings(path: Path | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """Settings from the preset, the file and the flags that were given; the later ones go over the earlier ones.

    Args:
        path: The settings file; by default astral.yaml in the current folder, where there is one.
        flags: Nested values that go over those of the file; None means that a flag was not given.

    Raises:
        UserError: The file is missing or wrong (file and line are named), or a flag has an impossible value.
    """
    file = path or Path(SETTINGS_FILE)
    from_file: Any = {}
    if path or file.is_file():
        from_file = read_yaml(file)
        from_file = {} if from_file is None else from_file
        check_yaml(file, from_file, Settings)
    told = merged(from_file, flags or {})
    if isinstance(told.get("preset"), str):
        told = merged(load_preset(told["preset"]), told)
    try:
        return Settings.model_validate(told)
    except ValidationError as error:
        problems = [text for _, text in problems_of(error, told, Settings)]
        raise UserError("\n".join([*problems, "`astral generate --help` explains the flags."])) from None


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values, those in `over` over those in `base`; None there means that nothing was said."""
    both = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping):
            both[key] = merged(both.get(key) or {}, value)
        elif value is not None:
            both[key] = value
    return both
