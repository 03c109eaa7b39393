"""Where the data files lie."""

from pathlib import Path

_HERE = Path(__file__).parent


def asset_folder(name: str) -> Path:
    """The folder `prompts`, `taxonomies` or `prices`: inside an installed wheel, else at the top of the checkout."""
    installed = _HERE / name
    return installed if installed.is_dir() else _HERE.parents[1] / name
