"""Models by name: the only room that knows the vendors, their SDKs, their limits and their ways to fail.

Each vendor is a module that is imported when a model of it is opened, so that nobody waits for an SDK that is not used.
"""

from astral.providers.embedders import CachedEmbedder, open_embedder
from astral.providers.models import look_at_endpoint, open_model, vendors
from astral.providers.response_cache import CachedModel

__all__ = ["CachedEmbedder", "CachedModel", "look_at_endpoint", "open_embedder", "open_model", "vendors"]
