"""The HTTP client of the vendors' SDKs, set up for many short calls."""

import httpx2


def http_client(concurrency: int, timeout_seconds: float) -> httpx2.AsyncClient:
    """A client with one connection a call in flight.

    A pool's upkeep costs the square of its size a request, so it is no larger than needed. Redirects are not followed:
    neither protocol knows any, and the headers hold the key.
    """
    limits = httpx2.Limits(max_connections=max(1, concurrency), max_keepalive_connections=max(1, concurrency))
    return httpx2.AsyncClient(
        limits=limits, timeout=httpx2.Timeout(timeout_seconds, connect=10.0, pool=None), follow_redirects=False
    )
