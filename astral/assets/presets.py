"""Presets: settings that belong together, under a name."""

from typing import Any

from astral.assets.folders import asset_folder
from astral.assets.yaml_files import read_yaml
from astral.errors import UnknownNameError


def load_preset(name: str) -> dict[str, Any]:
    """The settings of a preset.

    Raises:
        UnknownNameError: No preset has this name.
    """
    names = preset_names()
    if name not in names:
        raise UnknownNameError("preset", name, names)
    return read_yaml(asset_folder("taxonomies") / "presets" / f"{name}.yaml")


def preset_names() -> list[str]:
    """The shipped presets."""
    return sorted(path.stem for path in (asset_folder("taxonomies") / "presets").glob("*.yaml"))
