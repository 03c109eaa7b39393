"""Models by name: the only room that knows the vendors, their SDKs, their limits and their ways to fail.

Each vendor is a module that is imported when a model of it is opened, so that nobody waits for an SDK that is not used.
"""

from astral.providers.embedders import CachedEmbedder, open_embedder
from astral.providers.models import open_model, vendors

__all__ = ["CachedEmbedder", "open_embedder", "open_model", "vendors"]
