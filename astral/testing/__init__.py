"""For tests, ours and plugin authors': seeded targets, fakes, a stub of the vendors' servers, conformance checks.

The targets are also a run's controls: `python:astral.testing.targets:refusing` surely refuses.
"""

from astral.testing.models import HashEmbedder, ScriptedModel
from astral.testing.samples import sample_case

__all__ = ["HashEmbedder", "ScriptedModel", "sample_case"]
