"""Addresses inside are out of reach, however they are spelled and whatever a name resolves to: on real sockets."""

import asyncio
import ipaddress
import shutil
import ssl
import subprocess

import httpcore2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.errors import EvidenceError
from astral.generate.evidence.fetching import Fetcher
from astral.generate.evidence.guard import GuardedBackend, is_public

INSIDE = [
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "168.63.129.16", "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1",
    "198.18.0.1", "192.88.99.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
    "2001:db8::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::", "no address",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
SPELLINGS = [
    "http://127.0.0.1:{port}/", "http://127.1:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/",
    "http://0x7f.1:{port}/", "http://017700000001:{port}/", "http://localhost:{port}/", "http://LOCALHOST:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/", "http://0:{port}/",
]  # fmt: skip


class Connections(httpcore2.AsyncNetworkBackend):
    """A network that only takes note of where it is led, and is nowhere."""

    def __init__(self):
        self.made = []

    async def connect_tcp(self, host, port, timeout=None, *_):  # noqa: ASYNC109 - httpcore's signature
        self.made.append((host, port))
        raise httpcore2.ConnectError("nothing there")


def resolver(*answers):
    """Names that resolve to these addresses, another list each time; the last one from then on."""
    calls = []

    async def resolve(host, port):
        calls.append(host)
        return answers[min(len(calls), len(answers)) - 1]

    resolve.calls = calls
    return resolve


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_of_the_public_internet_is_inside(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_of_the_public_internet_is_outside(address):
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_never_makes_it_public(address):
    if is_public(str(address)):
        return
    number = int(address)
    for wrapped in (
        ipaddress.IPv6Address(0xFFFF << 32 | number),
        ipaddress.IPv6Address(0x0064FF9B << 96 | number),
        ipaddress.IPv6Address(0x2002 << 112 | number << 80),
        ipaddress.IPv6Address(number),
    ):
        assert not is_public(str(wrapped))


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_no_spelling_of_loopback_reaches_the_server_there(httpserver, spelling):
    """The server is real; it lies on the port that is asked for, and gets no request."""
    httpserver.expect_request("/").respond_with_data("secret")
    backend = GuardedBackend()
    url = spelling.format(port=httpserver.port)
    async with Fetcher(seconds=5) as fetcher:
        with pytest.raises(EvidenceError):
            await fetcher.get(url)
    # Nor if the port were one of the web: what decides then is the address.
    host = url.removeprefix("http://").rpartition(":")[0].strip("[]")
    with pytest.raises(httpcore2.ConnectError, match="public internet"):
        await backend.connect_tcp(host, 80)
    assert httpserver.log == []


@pytest.mark.parametrize("port", [22, 25, 6379, 8080, 11211])
async def test_only_ports_of_the_web_are_connected_to(port):
    network = Connections()
    backend = GuardedBackend(resolver=resolver(["8.8.8.8"]), backend=network)
    with pytest.raises(httpcore2.ConnectError, match="no port of the web"):
        await backend.connect_tcp("example.org", port)
    assert network.made == []


async def test_the_connection_goes_to_the_address_that_was_checked():
    """DNS rebinding: the second answer, inside, is never asked for."""
    network, names = Connections(), resolver(["8.8.8.8"], ["127.0.0.1"])
    backend = GuardedBackend(resolver=names, backend=network)
    with pytest.raises(httpcore2.ConnectError, match="nothing there"):
        await backend.connect_tcp("rebind.example", 443)
    assert network.made == [("8.8.8.8", 443)]
    assert names.calls == ["rebind.example"]
    with pytest.raises(httpcore2.ConnectError, match="public internet"):
        await backend.connect_tcp("rebind.example", 443)
    assert len(network.made) == 1


@pytest.mark.parametrize("answers", [["8.8.8.8", "10.0.0.1"], ["::1", "8.8.8.8"], ["2606:4700::1", "fe80::1%1"]])
async def test_one_address_inside_forbids_the_name(answers):
    network = Connections()
    with pytest.raises(httpcore2.ConnectError, match="public internet"):
        await GuardedBackend(resolver=resolver(answers), backend=network).connect_tcp("mixed.example", 80)
    assert network.made == []


async def test_a_name_that_moves_inside_between_two_requests_is_not_followed(httpserver):
    """A whole fetch, with a redirect of the first answer to the same name, which is then inside."""
    port = httpserver.port
    httpserver.expect_request("/").respond_with_data("", status=302, headers={"Location": "http://moving.example/"})
    httpserver.expect_request("/inside").respond_with_data("secret")
    allowed = f"127.0.0.1:{port}"
    async with Fetcher([allowed], resolver=resolver(["127.0.0.1"])) as fetcher:
        with pytest.raises(EvidenceError, match="public internet"):
            await fetcher.get(f"http://{allowed}/")
    assert len(httpserver.log) == 1


async def test_all_addresses_are_tried_until_one_answers():
    network = Connections()
    backend = GuardedBackend(resolver=resolver(["2606:4700::1", "8.8.8.8"]), backend=network)
    with pytest.raises(httpcore2.ConnectError):
        await backend.connect_tcp("example.org", 80)
    assert network.made == [("2606:4700::1", 80), ("8.8.8.8", 80)]


@pytest.mark.parametrize("answers", [[], ["not an address"]])
async def test_a_name_without_a_proper_address_is_not_connected_to(answers):
    network = Connections()
    with pytest.raises(httpcore2.ConnectError):
        await GuardedBackend(resolver=resolver(answers), backend=network).connect_tcp("odd.example", 80)
    assert network.made == []


async def test_a_resolver_that_never_answers_is_given_up():
    async def never(host, port):
        await asyncio.sleep(60)

    with pytest.raises(httpcore2.ConnectError, match="cannot be resolved"):
        await GuardedBackend(resolver=never).connect_tcp("slow.example", 80, timeout=0.05)


async def test_a_unix_socket_is_never_connected_to():
    with pytest.raises(httpcore2.ConnectError, match="unix socket"):
        await GuardedBackend().connect_unix_socket("/run/docker.sock")


async def test_what_the_settings_open_is_open_and_nothing_beside_it(httpserver):
    httpserver.expect_request("/page").respond_with_data("hello")
    async with Fetcher([f"127.0.0.1:{httpserver.port}"]) as fetcher:
        assert (await fetcher.get(f"http://127.0.0.1:{httpserver.port}/page")).body == b"hello"
        with pytest.raises(EvidenceError):
            await fetcher.get(f"http://localhost:{httpserver.port}/page")


@pytest.fixture
def certificate(tmp_path):
    """A certificate of secure.example that signs itself."""
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=secure.example",
         "-addext", "subjectAltName=DNS:secure.example"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("openssl makes no certificate here")
    return tmp_path / "cert.pem", tmp_path / "key.pem"


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
@pytest.mark.parametrize(("host", "is_trusted"), [("secure.example", True), ("other.example", False)])
async def test_tls_is_of_the_name_though_the_connection_is_to_an_address(certificate, host, is_trusted):
    """SNI, the certificate and the Host header go by the name; the socket goes to what it was resolved to."""
    asked = []
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    context.sni_callback = lambda _, name, __: asked.append(name)

    async def say(reader, writer):
        request = await reader.readuntil(b"\r\n\r\n")
        asked.append(next(line for line in request.decode().split("\r\n") if line.lower().startswith("host:")))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0, ssl=context)
    server_name = f"{host}:{server.sockets[0].getsockname()[1]}"
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    async with server, Fetcher([server_name], resolver=resolver(["127.0.0.1"]), tls=trusting, seconds=5) as fetcher:
        if is_trusted:
            assert (await fetcher.get(f"https://{server_name}/")).body == b"hi"
            assert asked == [host, f"Host: {server_name}"]
        else:
            with pytest.raises(EvidenceError, match="cannot be reached"):
                await fetcher.get(f"https://{server_name}/")
            assert asked == [host]
