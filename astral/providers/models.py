"""Chat models by name: `openai:NAME`, `anthropic:NAME`, `vllm:NAME`, `local`, `local:/path/model.gguf`."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from astral.config import Environment
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel
from astral.errors import UnknownNameError, UserError

_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "vllm": "http://127.0.0.1:8000/v1",
}
_FORMS = {
    "openai": "openai:NAME",
    "anthropic": "anthropic:NAME",
    "vllm": "vllm:NAME",
    "local": "local or local:/path/model.gguf",
}
_SPEC = re.compile(r"(?P<vendor>[^:/]*)(?:[:/](?P<name>.*))?", re.DOTALL)


def vendors() -> list[str]:
    """Names of the vendors, for help texts."""
    return list(_FORMS)


def open_model(
    spec: str,
    *,
    role: ModelRole,
    base_url: str | None = None,
    concurrency: int,
    environment: Environment | None = None,
) -> ChatModel:
    """A chat model that is ready to be asked.

    Args:
        spec: `VENDOR:NAME` or `VENDOR/NAME`; `local` is the model that comes with the installation.
        role: What the model is for; named in error texts.
        base_url: Address of a server that speaks the vendor's protocol; by default the vendor's own.
        concurrency: The most calls that are in flight at a time: as many connections are kept.
        environment: Where the keys come from; by default the process's environment.

    Raises:
        UnknownNameError: There is no such vendor.
        UserError: The name or the key is missing, or the local model cannot be loaded.
    """
    match = _SPEC.fullmatch(spec)
    vendor, name = (match["vendor"], match["name"] or "") if match else (spec, "")
    if vendor not in _FORMS:
        raise UnknownNameError(
            "model vendor",
            vendor,
            vendors(),
            where=f"{role.value} {spec!r}",
            hint=f"A model is named as {', '.join(_FORMS.values())}.",
        )
    if vendor == "local":
        from astral.providers.local_llama import LocalLlama

        return LocalLlama(Path(name).expanduser() if name else None)
    if not name:
        raise UserError(f"{role.value} {spec!r}: the name of the model is missing. Write {_FORMS[vendor]}.")
    url = _checked_url(base_url or _URLS[vendor], role)
    key, variable = _key(vendor, environment or Environment())
    if variable and not key and not is_loopback(url):
        raise UserError(
            f"The {role.value} {vendor}:{name} needs a key, and {variable} is not set. "
            f"Set it with `export {variable}=...`, or name a model that needs none, such as `local`."
        )
    return _open_http(vendor, name, base_url=url, key=key, concurrency=concurrency)


def _key(vendor: str, environment: Environment) -> tuple[str, str]:
    """The key that the vendor gets, and its variable. A server named as vLLM gets none, least of all OpenAI's."""
    secrets = {
        "openai": (environment.openai_api_key, "OPENAI_API_KEY"),
        "anthropic": (environment.anthropic_api_key, "ANTHROPIC_API_KEY"),
    }
    secret, variable = secrets.get(vendor, (None, ""))
    return (secret.get_secret_value().strip() if secret else "", variable)


def _open_http(vendor: str, name: str, *, base_url: str, key: str, concurrency: int) -> ChatModel:
    from astral.providers.retry import RetryingModel

    if vendor == "anthropic":
        from astral.providers.anthropic_chat import AnthropicChat as Chat
    else:
        from astral.providers.openai_chat import OpenAIChat as Chat
    return RetryingModel(Chat(f"{vendor}:{name}", name, base_url=base_url, key=key, concurrency=concurrency))


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or bool(re.fullmatch(r"127\.\d+\.\d+\.\d+", host))


def _checked_url(url: str, role: ModelRole) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UserError(f"The {role.value}'s base URL {url!r} is no web address. Write it as http://127.0.0.1:8000/v1.")
    if parts.username or parts.password:
        raise UserError(f"The {role.value}'s base URL holds a password. Keys come from the environment alone.")
    return url
