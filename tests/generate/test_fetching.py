"""A hostile server costs no more than a little time: real servers on loopback, opened by name."""

import asyncio
import gzip
import json
import time

import pytest
from werkzeug import Response

from astral.errors import EvidenceError
from astral.generate.evidence.fetching import Fetched, Fetcher, server_of


@pytest.fixture
def address(httpserver):
    return f"127.0.0.1:{httpserver.port}"


@pytest.fixture
def fetcher(address):
    return Fetcher([address], seconds=2, max_bytes=100_000)


@pytest.fixture
async def saying():
    """Starts servers that say these bytes to everybody; gives their address, and a list of what they were asked."""
    servers = []

    async def start(answer: bytes, *, slowly: bool = False):
        requests = []

        async def say(reader, writer):
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            for piece in [answer[at : at + 1] for at in range(len(answer))] if slowly else [answer]:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01 if slowly else 0)
            writer.close()

        server = await asyncio.start_server(say, "127.0.0.1", 0)
        servers.append(server)
        return f"127.0.0.1:{server.sockets[0].getsockname()[1]}", requests

    yield start
    for server in servers:
        server.close()


async def refused(fetcher, url, **more):
    with pytest.raises(EvidenceError) as error:
        await fetcher.get(url, **more)
    return str(error.value)


async def test_a_page_comes_with_its_type_and_final_address(httpserver, address, fetcher):
    httpserver.expect_request("/old").respond_with_data("", status=301, headers={"Location": "/new?a=1"})
    httpserver.expect_request("/new").respond_with_data("hello", content_type="Text/HTML; charset=utf-8")
    page = await fetcher.get(f"http://{address}/old")
    assert (page.url, page.status, page.content_type, page.text) == (
        f"http://{address}/new?a=1",
        200,
        "text/html",
        "hello",
    )
    assert httpserver.log[0][0].headers["User-Agent"].startswith("astral-safety/")


async def test_redirects_are_bounded(httpserver, address, fetcher):
    httpserver.expect_request("/loop").respond_with_data("", status=302, headers={"Location": "/loop"})
    assert "redirected more than 5 times" in await refused(fetcher, f"http://{address}/loop")
    assert len(httpserver.log) == 6


@pytest.mark.parametrize(
    "location",
    ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1/", "http://[::1]/", "file:///etc/passwd",
     "ftp://example.org/", "http://user:word@example.org/", "//localhost/", "http://[broken", "javascript:alert(1)"],
)  # fmt: skip
async def test_a_redirect_leads_nowhere_inside(saying, location):
    """A server of our own, since a proper one would mend such headers."""
    address, requests = await saying(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode())
    async with Fetcher([address], seconds=2) as fetcher:
        await refused(fetcher, f"http://{address}/")
    assert len(requests) == 1


@pytest.mark.parametrize("unpacked", [10_000_000, 300_000_000])
async def test_a_gzip_bomb_is_not_unpacked(httpserver, address, fetcher, unpacked):
    bomb = gzip.compress(bytes(unpacked), 9)[:99_000]
    httpserver.expect_request("/").respond_with_data(bomb, headers={"Content-Encoding": "gzip"})
    begun = time.process_time()
    assert "more than 100,000 bytes" in await refused(fetcher, f"http://{address}/")
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "gzip"])
async def test_an_encoding_that_was_not_asked_for_or_is_broken_is_refused(httpserver, address, fetcher, encoding):
    httpserver.expect_request("/").respond_with_data(b"no gzip at all", headers={"Content-Encoding": encoding})
    assert "encoding" in (told := await refused(fetcher, f"http://{address}/")) or "broken gzip" in told


async def test_gzip_is_unpacked(httpserver, address, fetcher):
    httpserver.expect_request("/").respond_with_data(gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"})
    assert (await fetcher.get(f"http://{address}/")).body == b"hello"


async def test_an_endless_page_is_cut_off(httpserver, address, fetcher):
    def endless(_):
        return Response((b"x" * 10_000 for _ in range(1000)), direct_passthrough=True)

    httpserver.expect_request("/").respond_with_handler(endless)
    assert "more than 100,000 bytes" in await refused(fetcher, f"http://{address}/")


async def test_a_slow_page_is_given_up_after_the_whole_time(saying):
    """One byte at a time, each in time for a read: only a limit on the whole ends it."""
    address, _ = await saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000, slowly=True)
    async with Fetcher([address], seconds=0.5) as fetcher:
        assert "took longer than 0.5 s" in await refused(fetcher, f"http://{address}/")


@pytest.mark.parametrize(
    "answer",
    [b"", b"not http at all\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", b"\x00\xff" * 100,
     b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000],
    ids=["nothing", "no protocol", "too short", "binary", "endless headers"],
)  # fmt: skip
async def test_whatever_a_server_says_it_is_one_kind_of_error(saying, answer):
    address, _ = await saying(answer)
    async with Fetcher([address], seconds=2) as fetcher:
        assert "cannot be reached" in await refused(fetcher, f"http://{address}/")


@pytest.mark.parametrize(
    "url",
    ["", "http://", "example.org", "file:///etc/passwd", "gopher://example.org/", "unix:///run/x", "http://a b/",
     "http://example.org:99999/", "http://u:p@example.org/", "http://x/\x00", "http://[fe80::1%25lo]/",
     "http://" + "a" * 3000, "http://①②⑦.⓪.⓪.①/"],
)  # fmt: skip
async def test_what_is_no_address_of_the_web_is_refused(fetcher, url):
    await refused(fetcher, url)


async def test_a_secret_header_does_not_follow_a_redirect(httpserver, address, fetcher):
    httpserver.expect_request("/").respond_with_data("", status=302, headers={"Location": "/other"})
    assert "redirected" in await refused(fetcher, f"http://{address}/", headers={"X-Key": "s"}, redirects=0)
    with pytest.raises(EvidenceError, match="redirect"):
        await fetcher.post(f"http://{address}/", {}, headers={"X-Key": "s"})
    assert [request.path for request, _ in httpserver.log] == ["/", "/"]


async def test_the_server_that_a_user_named_is_open_and_no_other(httpserver, address):
    httpserver.expect_request("/").respond_with_data("hello")
    closed = Fetcher()
    await refused(closed, f"http://{address}/")
    opened = closed.opening(f"http://{address}/search")
    assert (await opened.get(f"http://{address}/")).body == b"hello"
    await refused(opened, f"http://localhost:{httpserver.port}/")


async def test_json_is_sent_and_read(httpserver, address, fetcher):
    httpserver.expect_request("/", method="POST", json={"a": "ü"}).respond_with_json({"b": [1]})
    answer = await fetcher.post(f"http://{address}/", {"a": "ü"})
    assert answer.as_json() == {"b": [1]}
    with pytest.raises(EvidenceError, match="JSON"):
        answer.model_copy(update={"body": b"{" * 10_000}).as_json()


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("höher".encode("latin-1"), "iso-8859-1", "höher"),
        ("höher".encode("latin-1"), "", "h�her"),
        ("高".encode("gbk"), "GBK", "高"),
        ("高".encode("utf-16"), "utf-8", "高"),
        ("高".encode(), "rot13", "高"),
        ("高".encode(), "unicode_escape", "高"),
        ("高".encode(), "utf-7", "高"),
        ("高".encode(), "cp99999", "高"),
        (b"<meta charset='windows-1252'>\x80", "", "<meta charset='windows-1252'>€"),
    ],
)
def test_a_wrong_charset_is_text_all_the_same(body, charset, text):
    assert Fetched(url="http://x/", status=200, content_type="text/html", charset=charset, body=body).text == text


def test_the_server_of_an_address_has_its_port():
    assert [server_of(url) for url in ("http://Example.org/a", "https://example.org", "http://[::1]:8080/")] == [
        "example.org:80",
        "example.org:443",
        "::1:8080",
    ]
    assert json.dumps(server_of("https://münchen.de/")) == '"xn--mnchen-3ya.de:443"'
