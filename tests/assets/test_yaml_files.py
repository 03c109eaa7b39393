from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from astral.assets import read_yaml
from astral.assets.yaml_files import parse_yaml
from astral.errors import UserError

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(data=PLAIN)
def test_plain_data_comes_back_as_it_was(tmp_path_factory, data: Any):
    path = tmp_path_factory.getbasetemp() / "plain.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    assert read_yaml(path) == data


@given(text=st.text())
def test_any_text_is_read_or_refused_as_an_error_of_its_user(text):
    """No other exception, whatever the file holds."""
    with suppress(UserError):
        parse_yaml(Path("any.yaml"), text)


@pytest.mark.parametrize("text", ["{a: 1, a: 2}", "a: 1\nb: 2\na: 3", "x:\n  - {k: 1, k: 1}"])
def test_a_key_that_is_there_twice_is_refused(text, tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match="is there twice"):
        read_yaml(path)


def test_a_merged_key_may_be_given_again(tmp_path):
    path = tmp_path / "merge.yaml"
    path.write_text("base: &b {a: 1, c: 2}\nmine:\n  <<: *b\n  a: 3\n")
    assert read_yaml(path)["mine"] == {"a": 3, "c": 2}


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_yaml(tmp_path)
