"""Astral: adversarial test cases for language models, run and judged until a coverage criterion is met."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("astral-safety")
except PackageNotFoundError:  # the sources are imported without having been installed
    __version__ = "0+unknown"
