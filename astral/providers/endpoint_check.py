"""Whether an endpoint can be talked to, and what stands in the way: its name, connection, certificate, address, key."""

import asyncio
import json
import socket
import ssl
from collections.abc import Mapping
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx2

from astral.errors import UserError

_SECONDS = 10.0
_SHOWN_MODELS = 5


async def check_endpoint(url: str, *, key: str = "", model: str = "", lists_models: bool = True) -> str:
    """Look at an endpoint without asking a model anything.

    Args:
        url: Base URL.
        key: Is sent to it as the vendors' SDKs would, where it is asked for its models.
        model: Must be among its models, where it lists any.
        lists_models: It speaks OpenAI's or Anthropic's protocol; else nothing is sent to it.

    Returns:
        What was found, in a few words.

    Raises:
        UserError: What is wrong, and what to do next.
    """
    parts = urlsplit(url)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    await _connect(host, port, is_tls=is_tls)
    if not lists_models:
        return f"{host}:{port} can be reached"
    headers = {"authorization": f"Bearer {key}", "x-api-key": key, "api-key": key} if key else {}
    headers["anthropic-version"] = "2023-06-01"
    async with httpx2.AsyncClient(timeout=_SECONDS, follow_redirects=False, headers=headers) as client:
        return await _look(client, url.rstrip("/"), model)


async def _connect(host: str, port: int, *, is_tls: bool) -> None:
    try:
        await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UserError(
            f"The name {host!r} is not known (DNS). Look at its spelling in the base URL, and whether this machine "
            "needs a VPN or a proxy to reach it."
        ) from None
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context() if is_tls else None)
    except ssl.SSLCertVerificationError as error:
        raise UserError(
            f"{host}:{port} shows a certificate that is not trusted ({error.verify_message}). If it is your own, add "
            "its authority to this machine's trust store; if the server speaks plain HTTP, write http:// in the URL."
        ) from None
    except ssl.SSLError:
        raise UserError(
            f"{host}:{port} does not speak TLS. If the server speaks plain HTTP, write http:// in the URL."
        ) from None
    except ConnectionRefusedError:
        raise UserError(
            f"Nobody listens on {host}:{port} (connection refused). Start the server, or name its port in the URL."
        ) from None
    except (TimeoutError, OSError) as error:
        what = f"no answer within {_SECONDS:g} s" if isinstance(error, TimeoutError) else str(error.strerror or error)
        raise UserError(
            f"{host}:{port} cannot be reached ({what}). A firewall may be in between, or the port is another one."
        ) from None
    writer.close()


async def _look(client: httpx2.AsyncClient, url: str, model: str) -> str:
    """Ask for the list of models: every vendor has one, and it costs nothing."""
    answer = await _get(client, f"{url}/models")
    if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise UserError(
            f"{url} rejects the key (HTTP {answer.status_code}). Make a new one at the provider and export it, or look "
            "whether this key belongs to this endpoint."
        )
    names = _names(answer)
    if names is None and not url.endswith("/v1") and _names(await _get(client, f"{url}/v1/models")) is not None:
        raise UserError(f"{url} is not the API's address; {url}/v1 is. Use `--base-url {url}/v1`.")
    if names is None and _is_page(answer):
        raise UserError(
            f"{url} answers with a web page, not with JSON: it is a site's or a login's address, not an API's. Most "
            "APIs end in /v1."
        )
    if not names:
        return "it can be reached, and lists no models"
    if model and model not in names:
        near = get_close_matches(model, names, n=1, cutoff=0.4)
        shown = f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(sorted(names)[:_SHOWN_MODELS])}."
        return f"it does not list {model!r} among its {len(names)} models. {shown}"
    return f"it lists {len(names)} model{'' if len(names) == 1 else 's'}"


async def _get(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    try:
        return await client.get(url)
    except httpx2.HTTPError as error:
        raise UserError(
            f"{url}: the connection broke ({type(error).__name__}). Is it an HTTP server that listens there?"
        ) from None


def _names(answer: httpx2.Response) -> list[str] | None:
    """The models that are listed; None where the answer is no list."""
    try:
        data: Any = json.loads(answer.content)
    except ValueError:
        return None
    listed = data.get("data") if isinstance(data, Mapping) else None
    if answer.status_code != HTTPStatus.OK or not isinstance(listed, list):
        return None
    return [str(each["id"]) for each in listed if isinstance(each, Mapping) and "id" in each]


def _is_page(answer: httpx2.Response) -> bool:
    """Whether it is a page; a server that merely lists no models may say so with one too, but not with 200."""
    return answer.status_code == HTTPStatus.OK and "html" in answer.headers.get("content-type", "")
