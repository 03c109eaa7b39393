"""Any HTTP endpoint by a template: what is sent, and where the text stands in the answer."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx2
from pydantic_core import to_jsonable_python

from astral.config import HttpSettings, filled_from_environment
from astral.domain.base import content_id
from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Ending
from astral.errors import ProviderError, Trouble, UserError
from astral.providers.http_answer import Answer
from astral.providers.http_client import http_client
from astral.providers.http_errors import connection_error, status_error

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_SHOWN_KEYS = 12


class HttpChat:
    """One endpoint; each call is one HTTP request, never repeated here. What it cost is not known."""

    def __init__(self, url: str, template: HttpSettings, *, concurrency: int, timeout_seconds: float = 120.0) -> None:
        """Set the endpoint up.

        Args:
            url: Its address.
            template: How it is talked to.
            concurrency: The most calls that are in flight at a time.
            timeout_seconds: How long an answer is waited for.

        Raises:
            UserError: The template names a placeholder that is none, or a variable that is not set.
        """
        # Neither record nor error is to hold what stands behind a question mark: it may be a key.
        self.name = f"http:{url.partition('?')[0]}"
        self._url, self._template, self._timeout_seconds = url, template, timeout_seconds
        self._headers = {
            name: filled_from_environment(value, where=f"The header {name} of {self.name}")
            for name, value in template.headers.items()
        }
        self._body = to_jsonable_python(template.body)
        _check_placeholders([self._body, self._headers])
        self._http = http_client(concurrency, timeout_seconds)

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            ProviderError: No answer came.
            UserError: A key is rejected, or the text does not stand where the template says.
        """
        values = _values(request)
        headers = {name: str(_filled(value, values)) for name, value in self._headers.items()}
        try:
            answer = await self._http.request(
                self._template.method, self._url, json=_filled(self._body, values), headers=headers
            )
        except httpx2.HTTPError as error:
            raise connection_error(error, model=self.name, key="", timeout_seconds=self._timeout_seconds) from None
        return self._read(answer)

    async def close(self) -> None:
        """Give connections back."""
        await self._http.aclose()

    def _read(self, answer: httpx2.Response) -> ChatReply:
        data = _parsed(answer)
        if self._is_blocked(data):
            return ChatReply(text="", ending=Ending.BLOCKED, model=self.name)
        if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            # What the endpoint says may quote the headers that hold keys.
            said = answer.text
            for value in self._headers.values():
                said = said.replace(value, "***").replace(value.removeprefix("Bearer "), "***")
            told = Answer(answer.status_code, answer.headers, said.encode())
            raise status_error(told, model=self.name, key="", variable="target.http.headers")
        text = self._text(data, answer)
        ending = Ending.ANSWERED if text.strip() else Ending.EMPTY
        return ChatReply(text=text, ending=ending, model=self.name)

    def _is_blocked(self, data: Any) -> bool:
        return any(str(_found(data, path)) in values for path, values in self._template.blocked.items())

    def _text(self, data: Any, answer: httpx2.Response) -> str:
        if "html" in answer.headers.get("content-type", ""):
            raise ProviderError(
                f"{self.name}: malformed answer: a web page instead of JSON", retryable=True, trouble=Trouble.MALFORMED
            )
        found = _found(data, self._template.response) if self._template.response else data
        if isinstance(found, str):
            return found
        if isinstance(data, Mapping | list):
            keys = ", ".join(sorted(map(str, data))[:_SHOWN_KEYS]) if isinstance(data, Mapping) else "a list"
            raise UserError(
                f"{self.name}: no text stands at {self._template.response or 'the top'} of the answer, which has: "
                f"{keys}. Name the place in astral.yaml, such as `target: {{http: {{response: reply.text}}}}`."
            )
        raise ProviderError(f"{self.name}: malformed answer: no JSON text", retryable=True, trouble=Trouble.MALFORMED)


def checked_http_url(argument: str) -> str:
    """The address in `http:URL`; a bare `http://…` or `https://…` is meant for itself.

    Raises:
        UserError: It is no web address, or holds a password.
    """
    parts = urlsplit(argument)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UserError(f"http:{argument} names no web address. Write it as http:https://example.org/chat.")
    if parts.username or parts.password:
        raise UserError("The target's URL holds a password. Keys come from the environment alone: target.http.headers.")
    return argument


def _values(request: ChatRequest) -> dict[str, Any]:
    users = [message.content for message in request.messages if message.role == "user"]
    return {
        "prompt": users[-1] if users else "",
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "system": "\n\n".join(message.content for message in request.messages if message.role == "system"),
        # The seed is the test's own, and the first words do not change from turn to turn.
        "session": content_id(request.seed, users[:1]),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
    }


_NAMES = ("prompt", "messages", "system", "session", "max_tokens", "temperature", "seed")


def _check_placeholders(template: Any) -> None:
    for name in _PLACEHOLDER.findall(json.dumps(template)):
        if name not in _NAMES:
            raise UserError(f"target.http: {{{{{name}}}}} is no placeholder. There are: {', '.join(_NAMES)}.")


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its placeholders replaced, once: what a test case says is not read as a template again."""
    if isinstance(template, Mapping):
        return {key: _filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, values) for value in template]
    if not isinstance(template, str):
        return template
    if alone := _PLACEHOLDER.fullmatch(template):
        return values[alone[1]]
    return _PLACEHOLDER.sub(lambda match: _as_text(values[match[1]]), template)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _parsed(answer: httpx2.Response) -> Any:
    """The answer's JSON, or its text where it is none and does not claim to be."""
    try:
        return json.loads(answer.content)
    except ValueError:
        return None if "json" in answer.headers.get("content-type", "") else answer.text


def _found(data: Any, path: str) -> Any:
    """What stands at a path such as choices.0.text; None where nothing does."""
    for step in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(step)
        elif isinstance(data, list) and step.isdecimal() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data
