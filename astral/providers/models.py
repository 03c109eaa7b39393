"""Chat models by name, such as `openai:NAME`, `vllm:NAME`, `local`, `http:URL` or `exec:COMMAND`."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic_core import to_jsonable_python

from astral.config import EndpointSettings, Environment
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel
from astral.errors import UnknownNameError, UserError

_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "moderation": "https://api.openai.com/v1",
    "vllm": "http://127.0.0.1:8000/v1",
}
_FORMS = {
    "openai": "openai:NAME",
    "azure": "azure:DEPLOYMENT",
    "anthropic": "anthropic:NAME",
    "vllm": "vllm:NAME",
    "vllm-offline": "vllm-offline:NAME",
    "local": "local or local:/path/model.gguf",
    "http": "http:URL",
    "exec": "exec:COMMAND",
    "moderation": "moderation:NAME",
    "gateway": "gateway:PROVIDER/MODEL",
}
V1: Final = "v1"
"""Azure's API without a version."""
_SPEC = re.compile(r"(?P<vendor>[^:/]*)(?:[:/](?P<name>.*))?", re.DOTALL)


def vendors() -> list[str]:
    """Names of the vendors, for help texts."""
    return list(_FORMS)


def open_model(
    spec: str,
    *,
    role: ModelRole,
    endpoint: EndpointSettings | None = None,
    base_url: str | None = None,
    concurrency: int,
    environment: Environment | None = None,
) -> ChatModel:
    """A chat model that is ready to be asked; each call is sent once, as soon as it is made.

    Args:
        spec: `VENDOR:NAME` or `VENDOR/NAME`; `local` is the model that comes with the installation.
        role: What the model is for; named in error texts.
        endpoint: How it is reached; by default as its vendor is.
        base_url: Goes over the endpoint's.
        concurrency: The most calls that are in flight at a time: as many connections are kept.
        environment: Where the keys come from; by default the process's environment.

    Raises:
        UnknownNameError: There is no such vendor.
        UserError: The name or the key is missing, or the model cannot be loaded.
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
    endpoint = endpoint or EndpointSettings()
    if vendor == "local":
        from astral.providers.local_llama import LocalLlama

        return LocalLlama(
            Path(name).expanduser() if name else None,
            chat_template=_template(endpoint),
            parameters=endpoint.parameters,
        )
    if not name:
        raise UserError(f"{role.value} {spec!r}: the name of the model is missing. Write {_FORMS[vendor]}.")
    if vendor == "gateway":
        from astral.providers.gateway import GatewayChat

        url = base_url or endpoint.base_url
        told = to_jsonable_python(endpoint.parameters)
        return GatewayChat(spec, name, base_url=_checked_url(url, role) if url else None, parameters=told)
    if vendor in _OPENED:
        return _OPENED[vendor](name, endpoint, concurrency)
    url, key = address_of(vendor, name, role, base_url or endpoint.base_url, environment or Environment())
    model = _open_vendor(vendor, name, url=url, key=key, endpoint=endpoint, concurrency=concurrency)
    if vendor != "vllm" or base_url or endpoint.base_url:
        return model
    from astral.providers.vllm_server import ServedChat, VllmServer, is_listening

    return model if is_listening() else ServedChat(model, VllmServer.shared(name, arguments=endpoint.serve))


async def look_at_endpoint(spec: str, *, role: ModelRole, base_url: str | None, environment: Environment) -> str:
    """What can be told of a model's endpoint without asking the model; empty where it has none.

    Raises:
        UserError: What is wrong with it, and what to do next.
    """
    from astral.providers.endpoint_check import check_endpoint

    vendor, _, name = spec.partition(":" if ":" in spec else "/")
    if vendor in {"http", "https"}:
        from astral.providers.http_chat import checked_http_url

        url = checked_http_url(name if name.startswith("http") else spec)
        return await check_endpoint(url, lists_models=False)
    if vendor not in {*_URLS, "azure"} or not name:
        return ""
    if vendor == "vllm" and not base_url:
        from astral.providers.vllm_server import is_listening

        if not is_listening():
            return "`vllm serve` is started when it is asked"
    url, key = address_of(vendor, name, role, base_url, environment)
    if vendor == "anthropic":
        if url.rstrip("/").endswith("/v1"):
            raise UserError(f"{url}: Anthropic's SDK adds /v1 itself. Use `--base-url {url.rstrip('/')[:-3]}`.")
        url = f"{url.rstrip('/')}/v1"
    return await check_endpoint(url, key=key, model=name, lists_models=vendor != "azure")


def address_of(
    vendor: str, name: str, role: ModelRole, base_url: str | None, environment: Environment
) -> tuple[str, str]:
    """Base URL and key of a model.

    Raises:
        UserError: The URL is none, or the key is missing.
    """
    url = _checked_url(base_url or _url_of(vendor, environment, role), role)
    key, variable = _key(vendor, environment)
    if variable and not key and not is_loopback(url):
        raise UserError(
            f"The {role.value} {vendor}:{name} needs a key, and {variable} is not set. "
            f"Set it with `export {variable}=...`, or name a model that needs none, such as `local`."
        )
    return url, key


def _url_of(vendor: str, environment: Environment, role: ModelRole) -> str:
    if vendor in _URLS:
        return _URLS[vendor]
    if not environment.azure_openai_endpoint:
        raise UserError(
            f"The {role.value}'s address on Azure is missing. Set it with `export AZURE_OPENAI_ENDPOINT="
            "https://RESOURCE.openai.azure.com`, or with `--base-url`."
        )
    return environment.azure_openai_endpoint


def _key(vendor: str, environment: Environment) -> tuple[str, str]:
    """The key that the vendor gets, and its variable. A server named as vLLM gets none, least of all OpenAI's."""
    secrets = {
        "openai": (environment.openai_api_key, "OPENAI_API_KEY"),
        "azure": (environment.azure_openai_api_key, "AZURE_OPENAI_API_KEY"),
        "anthropic": (environment.anthropic_api_key, "ANTHROPIC_API_KEY"),
        "moderation": (environment.openai_api_key, "OPENAI_API_KEY"),
    }
    secret, variable = secrets.get(vendor, (None, ""))
    return (secret.get_secret_value().strip() if secret else "", variable)


def _open_http(url: str, endpoint: EndpointSettings, concurrency: int) -> ChatModel:
    from astral.providers.http_chat import HttpChat, checked_http_url

    return HttpChat(checked_http_url(url), endpoint.http, concurrency=concurrency)


def _open_exec(command: str, _: EndpointSettings, concurrency: int) -> ChatModel:
    from astral.providers.exec_chat import ExecChat

    return ExecChat(command)


def _open_offline(name: str, endpoint: EndpointSettings, _: int) -> ChatModel:
    from astral.providers.vllm_offline import OfflineVllm

    return OfflineVllm(name, **offline_arguments(endpoint))


def offline_arguments(endpoint: EndpointSettings) -> dict[str, Any]:
    """What an endpoint's settings say to vLLM's offline engine."""
    return {
        "engine": to_jsonable_python(endpoint.engine),
        "parameters": to_jsonable_python(endpoint.parameters),
        "chat_template": _template(endpoint),
    }


_OPENED: Mapping[str, Callable[[str, EndpointSettings, int], ChatModel]] = {
    "http": _open_http,
    "exec": _open_exec,
    "vllm-offline": _open_offline,
}
"""What has neither a vendor's address nor a vendor's key."""


def _open_vendor(
    vendor: str, name: str, *, url: str, key: str, endpoint: EndpointSettings, concurrency: int
) -> ChatModel:
    if vendor == "anthropic":
        from astral.providers.anthropic_chat import AnthropicChat

        return AnthropicChat(
            f"anthropic:{name}",
            name,
            base_url=url,
            key=key,
            concurrency=concurrency,
            parameters=to_jsonable_python(endpoint.parameters),
            is_streamed=endpoint.stream,
        )
    if vendor == "moderation":
        from astral.providers.moderation import Moderation

        return Moderation(f"moderation:{name}", name, base_url=url, key=key, concurrency=concurrency)
    from astral.providers.openai_chat import OpenAIChat

    template = _template(endpoint) if vendor == "vllm" else None
    extra = {"chat_template": template} if template else {}
    return OpenAIChat(
        f"{vendor}:{name}",
        name,
        base_url=url,
        key=key,
        concurrency=concurrency,
        api=endpoint.api,
        azure_version=endpoint.api_version or V1 if vendor == "azure" else None,
        parameters={**to_jsonable_python(endpoint.parameters), **extra},
        is_streamed=endpoint.stream,
    )


def _template(endpoint: EndpointSettings) -> str | None:
    """The chat template that goes in place of the model's own."""
    path = endpoint.chat_template
    try:
        return path.expanduser().read_text(encoding="utf-8") if path else None
    except (OSError, UnicodeError) as error:
        raise UserError(f"{path}: the chat template cannot be read: {error}") from None


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
