"""Which addresses pages may be fetched from: public ones, and what the settings open by name.

The check is made where the connection is: a name is resolved once, every address that it has is looked at, and the
connection goes to the very address that was looked at. So neither a redirect, nor a name that resolves to something
else the second time (DNS rebinding), nor another spelling of an address (127.1, 0x7f000001, 2130706433) leads inside.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore2

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) → its addresses; raises OSError where it has none."""

WEB_PORTS = frozenset({80, 443})
_TRIED_ADDRESSES = 3
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_IPV4_COMPATIBLE = ipaddress.ip_network("::/96")
_NEVER = tuple(
    map(
        ipaddress.ip_network,
        (
            "100.64.0.0/10",  # carrier-grade NAT, and 100.100.100.200: metadata of Alibaba's cloud
            "168.63.129.16/32",  # Azure's wire server, a public number that leads inside
            "192.88.99.0/24",  # 6to4 relays
            "64:ff9b:1::/48",  # local NAT64
            "fec0::/10",  # site-local, deprecated and still routed
        ),
    )
)


class ForbiddenAddressError(httpcore2.ConnectError):
    """A page lies where none may be fetched from."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that the system gives for a host."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether an address, and any that is wrapped in it, is one of the public internet."""
    try:
        # A scope (fe80::1%eth0) belongs to a link, whatever stands before it.
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return all(map(_is_global, _unwrapped(parsed)))


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections for httpcore, to addresses that were checked."""

    def __init__(
        self,
        allow_hosts: Iterable[str] = (),
        *,
        resolver: Resolver = resolve,
        backend: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        """Set the guard up.

        Args:
            allow_hosts: `host:port` pairs that are not checked, such as a test site on loopback.
            resolver: Gives the addresses of a host.
            backend: Makes the connections.
        """
        self._allowed = frozenset(each.lower() for each in allow_hosts)
        self._resolver = resolver
        self._backend: httpcore2.AsyncNetworkBackend = backend or httpcore2.AnyIOBackend()  # pyright: ignore[reportAttributeAccessIssue]

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to a checked address of the host.

        Raises:
            ForbiddenAddressError: The port is no port of the web, or an address of the host is not public.
            ConnectError: The host has no address, or does not answer.
        """
        is_allowed = f"{host}:{port}".lower() in self._allowed
        if not is_allowed and port not in WEB_PORTS:
            raise ForbiddenAddressError(f"port {port} of {host} is no port of the web")
        try:
            addresses = await asyncio.wait_for(self._resolver(host, port), timeout)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise httpcore2.ConnectError(f"{host} cannot be resolved") from error
        if not addresses:
            raise httpcore2.ConnectError(f"{host} has no address")
        # All of them: a name with one public and one private address is an attempt to get in.
        if not is_allowed and not all(map(is_public, addresses)):
            raise ForbiddenAddressError(f"{host} does not lie in the public internet")
        *others, last = addresses[:_TRIED_ADDRESSES]
        # TLS and the Host header keep the name: httpcore takes them from the request.
        for address in others:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._backend.connect_tcp(last, port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        """Never connect to a socket of this machine."""
        raise ForbiddenAddressError("no page lies behind a unix socket")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._backend.sleep(seconds)


def _unwrapped(address: IPAddress) -> list[IPAddress]:
    """The address, and those of version 4 that are carried in it."""
    found: list[IPAddress] = [address]
    if isinstance(address, ipaddress.IPv4Address):
        return found
    carried = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64 or address in _IPV4_COMPATIBLE:
        carried.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    inner = [each for each in carried if each is not None]
    # A mapped or translated address is only as public as what it carries; Python calls the wrapping itself reserved.
    is_wrapping_only = address.ipv4_mapped is not None or address in _NAT64
    return [*(() if is_wrapping_only else found), *inner]


def _is_global(address: IPAddress) -> bool:
    is_special = (
        not address.is_global
        or address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    )
    return not is_special and not any(address.version == network.version and address in network for network in _NEVER)
