"""HTTP for addresses that nobody vouches for: guarded, and bounded in time, size and redirects."""

import asyncio
import json
import re
import ssl
import zlib
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import httpcore2
import httpx2

from astral import __version__
from astral.domain.base import Noun
from astral.errors import EvidenceError
from astral.generate.evidence.guard import GuardedBackend, Resolver, resolve

USER_AGENT = f"astral-safety/{__version__}"
MAX_BYTES = 2_000_000
MAX_REDIRECTS = 5
SECONDS = 15.0
_MAX_URL_CHARACTERS = 2000
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200

# Only these, for Python also knows codecs that are slow, or no encodings of text at all.
_CHARSET = re.compile(
    r"utf-?8|utf-?16(-?[lb]e)?|(iso-?)?8859-?\d{1,2}|iso-8859-\d{1,2}(-[ie])?|windows-\d{3,4}|cp\d{3,4}|gbk|gb2312"
    r"|gb18030|big5(-?hkscs)?|shift[-_]?jis|sjis|euc[-_](jp|kr)|ks_c_5601-1987|koi8-[ru]|tis-?620|latin-?1"
    r"|(us-)?ascii|macintosh",
    re.IGNORECASE,
)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{1,40})", re.IGNORECASE)


class Fetched(Noun):
    """An answer as it came."""

    url: str
    """Where it came from in the end, after redirects."""
    status: int
    content_type: str
    """Media type without parameters, in small letters."""
    charset: str
    """As the header states it; empty where it does not."""
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, by the charset of header, byte order mark or `meta`, else UTF-8; wrong bytes become �."""
        for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
            if self.body.startswith(mark):
                return self.body.decode(name, errors="replace")
        meta = _META_CHARSET.search(self.body[:2048])
        for name in (self.charset, meta[1].decode() if meta else ""):
            if _CHARSET.fullmatch(name):
                try:
                    return self.body.decode(name, errors="replace")
                except LookupError:
                    continue
        return self.body.decode("utf-8", errors="replace")

    def as_json(self) -> Any:
        """The body as JSON.

        Raises:
            EvidenceError: It is none.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise EvidenceError(f"{_host(self.url)} did not answer with JSON") from None


class Fetcher:
    """Fetches from public addresses, and from those that the settings open; use it as an async context manager.

    Proxies of the environment are not used: they would resolve names unchecked.
    """

    def __init__(
        self,
        allow_hosts: Iterable[str] = (),
        *,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """Set the fetcher up.

        Args:
            allow_hosts: `host:port` pairs that may be fetched from although they are not public.
            resolver: Gives the addresses of a host.
            tls: Which certificates are trusted; by default those of the system's authorities.
            seconds: Longest time for an answer, redirects included.
            max_bytes: Largest body, before and after it is unpacked.
        """
        self._allowed, self._resolver = frozenset(allow_hosts), resolver
        self._tls, self._seconds, self._max_bytes = tls, seconds, max_bytes
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=8,
            max_keepalive_connections=0,
            network_backend=GuardedBackend(self._allowed, resolver=resolver),
        )

    def opening(self, url: str) -> "Fetcher":
        """A fetcher that may also talk to the server that this URL names, because the user named it."""
        return Fetcher(
            self._allowed | {server_of(url)},
            resolver=self._resolver,
            tls=self._tls,
            seconds=self._seconds,
            max_bytes=self._max_bytes,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.aclose()

    async def get(
        self,
        url: str,
        *,
        parameters: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        redirects: int = MAX_REDIRECTS,
    ) -> Fetched:
        """Fetch a page.

        Args:
            url: http or https.
            parameters: Are added to the URL as its query.
            headers: Sent to this URL; none of them may be secret where redirects are followed.
            redirects: Most redirects that are followed.

        Raises:
            EvidenceError: The address is forbidden, or nothing usable came within the limits; no body is quoted.
        """
        full = f"{url}?{urlencode(parameters)}" if parameters else url
        return await self._within_time(self._follow(full, headers or {}, redirects), full)

    async def post(self, url: str, body: Any, *, headers: Mapping[str, str] | None = None) -> Fetched:
        """Send JSON and take the answer; redirects are not followed.

        Raises:
            EvidenceError: As with `get`.
        """
        told = {"Content-Type": "application/json", **(headers or {})}
        return await self._within_time(self._ask("POST", url, told, json.dumps(body).encode()), url)

    async def _within_time(self, answer: Any, url: str) -> Fetched:
        try:
            async with asyncio.timeout(self._seconds):
                fetched: Fetched | str = await answer
        except TimeoutError:
            raise EvidenceError(f"{_host(url)} took longer than {self._seconds:g} s") from None
        if isinstance(fetched, str):
            raise EvidenceError(f"{_host(url)} answered with a redirect")
        return fetched

    async def _follow(self, url: str, headers: Mapping[str, str], redirects: int) -> Fetched:
        for _ in range(redirects + 1):
            answer = await self._ask("GET", url, headers, None)
            if isinstance(answer, Fetched):
                return answer
            url = answer
        raise EvidenceError(f"{_host(url)} redirected more than {redirects} times")

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Fetched | str:
        """One request: its answer, or where it redirects to."""
        address = parsed(url)
        told = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", "Accept": "*/*", **headers}
        timeout = {"connect": self._seconds, "read": self._seconds, "write": self._seconds, "pool": self._seconds}
        try:
            async with self._pool.stream(
                method, str(address), headers=list(told.items()), content=body, extensions={"timeout": timeout}
            ) as response:
                found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                if response.status in _REDIRECTS and "location" in found:
                    return _joined(address, found["location"])
                kind, _, parameters = found.get("content-type", "").partition(";")
                charset = re.search(r"charset\s*=\s*[\"']?([\w-]+)", parameters, re.IGNORECASE)
                return Fetched(
                    url=url,
                    status=response.status,
                    content_type=kind.strip().lower(),
                    charset=charset[1] if charset else "",
                    body=await self._body(response, found.get("content-encoding", "").strip().lower(), url),
                )
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
            what = str(error) if isinstance(error, httpcore2.ConnectError) and str(error) else type(error).__name__
            raise EvidenceError(f"{_host(url)} cannot be reached ({what})") from error
        except (httpcore2.UnsupportedProtocol, ssl.SSLError, ValueError, OSError) as error:
            raise EvidenceError(f"{_host(url)} cannot be reached ({type(error).__name__})") from error

    async def _body(self, response: httpcore2.Response, encoding: str, url: str) -> bytes:
        """The body, unpacked; never more of it in memory than the limit."""
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            raise EvidenceError(f"{_host(url)} answered in an encoding that was not asked for")
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if encoding.endswith("gzip") else None
        body = bytearray()
        received = 0
        async for chunk in response.aiter_stream():
            received += len(chunk)
            room = self._max_bytes - len(body)
            try:
                # One byte above the limit tells that there is more, without unpacking it.
                body += unpack.decompress(chunk, room + 1) if unpack else chunk[: room + 1]
            except zlib.error:
                raise EvidenceError(f"{_host(url)} answered with broken gzip") from None
            if len(body) > self._max_bytes or received > self._max_bytes:
                raise EvidenceError(f"{_host(url)} answered with more than {self._max_bytes:,} bytes")
        return bytes(body)


def parsed(url: str) -> httpx2.URL:
    """A URL of the web; one parser for everything, so that what is checked is what is asked for.

    Raises:
        EvidenceError: It is no http(s) URL with a host, or carries a name and password.
    """
    try:
        address = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError, UnicodeError):
        raise EvidenceError("this is no address of the web") from None
    if address.scheme not in {"http", "https"} or not address.host or len(url) > _MAX_URL_CHARACTERS:
        raise EvidenceError("this is no address of the web")
    if address.userinfo:
        raise EvidenceError(f"{address.host}: an address with a user name is not fetched")
    return address


def server_of(url: str) -> str:
    """`host:port` of a URL.

    Raises:
        EvidenceError: It is no URL of the web.
    """
    address = parsed(url)
    return f"{address.raw_host.decode()}:{address.port or (443 if address.scheme == 'https' else 80)}"


def _host(url: str) -> str:
    """The host of a URL, for messages; paths and queries may say anything."""
    try:
        return parsed(url).host[:100]
    except EvidenceError:
        return "the page"


def expect_ok(answer: Fetched) -> Fetched:
    """The answer, if its status is 200.

    Raises:
        EvidenceError: It is another.
    """
    if answer.status != _OK:
        raise EvidenceError(f"{_host(answer.url)} answered with HTTP {answer.status}")
    return answer


def _joined(address: httpx2.URL, location: str) -> str:
    try:
        return str(address.join(location))
    except (httpx2.InvalidURL, ValueError, UnicodeError):
        raise EvidenceError(f"{address.host} redirected to what is no address") from None
