"""Models by name: the only room that knows the vendors, their SDKs, their limits and their ways to fail.

Each vendor is a module that is imported when a model of it is opened, so that nobody waits for an SDK that is not used.
"""

from astral.providers.batches import BATCH_VENDORS, open_batches
from astral.providers.embedders import CachedEmbedder, open_embedder
from astral.providers.models import look_at_endpoint, open_model, vendors
from astral.providers.response_cache import CachedModel

__all__ = [
    "BATCH_VENDORS",
    "CachedEmbedder",
    "CachedModel",
    "look_at_endpoint",
    "open_batches",
    "open_embedder",
    "open_model",
    "vendors",
]
