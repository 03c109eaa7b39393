"""One address that takes JSON and gives JSON: the hot path to the vendors' servers.

The vendors' SDKs cost several times the CPU of a call (docs/speed.md), and a run makes tens of thousands of calls of
the same kind; where breadth counts for more than speed, the SDKs are used.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import orjson

from astral.errors import ProviderError
from astral.providers.http_answer import Answer
from astral.providers.http_errors import lost_call

if TYPE_CHECKING:
    import aiohttp

_CONNECT_SECONDS = 10.0
_KEEP_SECONDS = 30.0
"""How long an idle connection is kept; servers drop theirs after 60 s and more."""


class JsonEndpoint:
    """Posts JSON, one connection a call in flight; for one event loop."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        concurrency: int,
        timeout_seconds: float,
        name: str,
        key: str = "",
        is_streamed: bool = False,
    ) -> None:
        """Name the endpoint; connections are made with the first call.

        Args:
            url: Its address.
            headers: Sent with every call.
            concurrency: The most calls in flight.
            timeout_seconds: How long an answer is waited for.
            name: Of the model, for the text of errors.
            key: What was sent as key: cut out of the text of errors.
            is_streamed: Answers come piece by piece: each piece, not the whole, is waited for so long.
        """
        self._url, self._headers = url, {"content-type": "application/json", **headers}
        self._concurrency, self._timeout_seconds = max(1, concurrency), timeout_seconds
        self._name, self._key, self._is_streamed = name, key, is_streamed
        self._session: aiohttp.ClientSession | None = None

    async def post(self, body: Mapping[str, Any]) -> Answer:
        """Send a request and read all of the answer, whatever its status.

        Raises:
            ProviderError: No answer came.
        """
        import aiohttp

        try:
            async with self._open().post(self._url, data=_written(body)) as response:
                return Answer(response.status, response.headers, await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._lost(error) from None

    async def close(self) -> None:
        """Give connections back."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> "aiohttp.ClientSession":
        if self._session is None:
            import ssl

            import aiohttp
            import truststore

            parts = urlsplit(self._url)
            # The system's certificates, as the SDKs use them.
            context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if parts.scheme == "https" else True
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._concurrency, keepalive_timeout=_KEEP_SECONDS, ssl=context, ttl_dns_cache=300
                ),
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(
                    total=None if self._is_streamed else self._timeout_seconds,
                    sock_read=self._timeout_seconds,
                    sock_connect=_CONNECT_SECONDS,
                ),
                # aiohttp's own look at the environment reads ~/.netrc for every request.
                proxy=_proxy(parts.scheme, parts.hostname or ""),
                # A cookie would tie the tests of a run together.
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=(),
                auto_decompress=True,
            )
        return self._session

    def _lost(self, error: Exception) -> ProviderError:
        import aiohttp

        return lost_call(
            error,
            model=self._name,
            key=self._key,
            timeout_seconds=self._timeout_seconds,
            is_unconnected=isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError),
            is_timeout=isinstance(error, TimeoutError),
        )


def _written(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # half characters, or integers of any size
        return json.dumps(body).encode()


def _proxy(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for this host, if any."""
    if proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(scheme) or proxies.get("all")
