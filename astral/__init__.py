"""Astral: adversarial test cases for language models, run and judged until a coverage criterion is met."""


def __getattr__(name: str) -> str:
    """Read `__version__` where it is wanted: what reads it takes longer to import than all commands together."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("astral-safety")
    except PackageNotFoundError:  # the sources are imported without having been installed
        return "0+unknown"
