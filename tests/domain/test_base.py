"""Nouns are frozen, and named by their content."""

import hashlib
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from astral.domain.base import content_id
from astral.domain.records import Lineage, Message, TestCase, Usage, Vote
from astral.domain.space import Cell

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=10,
)


@given(data=st.data(), mapping=st.dictionaries(words, json_values, max_size=5))
def test_the_order_of_a_mapping_does_not_change_an_id(data, mapping):
    shuffled = dict(data.draw(st.permutations(list(mapping.items()))))
    assert content_id(mapping) == content_id(shuffled)
    votes = [Vote(judge="j", outcome="SAFE", p_unsafe=0, parameters=each) for each in (mapping, shuffled)]
    assert content_id(votes[0]) == content_id(votes[1])


@given(one=st.lists(words), other=st.lists(words))
def test_ids_differ_where_contents_differ(one, other):
    """Parts are kept apart: ("ab", "c") is not ("a", "bc"), and their order counts."""
    assert (content_id(*one) == content_id(*other)) == (one == other)


def test_an_id_is_the_same_in_every_process_and_release():
    """Ids stand in records, so the way they are made must not change."""
    expression = "content_id(Message(role='user', content='Grüße, สวัสดี'), {'b': 1, 'a': [None, 0.5]})"
    code = f"from astral.domain.base import content_id; from astral.domain.records import Message; print({expression})"
    ids = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in ("1", "2")
    }
    canonical = '[{"content":"Grüße, สวัสดี","role":"user"},{"a":[null,0.5],"b":1}]'
    assert ids == {hashlib.sha256(canonical.encode()).hexdigest()[:20]}


anything = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=10,
)


@given(parts=st.lists(anything, max_size=3))
def test_an_id_is_the_hash_of_what_python_writes_however_it_is_written(parts):
    """Small numbers and half characters too, which quicker writers of JSON write in other ways."""
    canonical = json.dumps(to_jsonable_python(parts), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    try:
        expected = hashlib.sha256(canonical.encode()).hexdigest()[:20]
    except UnicodeEncodeError:
        return
    assert content_id(*parts) == expected


def test_a_changed_copy_has_an_id_of_its_own():
    lineage = Lineage(generator="compose", seed=1)
    case = TestCase(messages=(Message(role="user", content="a"),), cell=Cell(values=()), lineage=lineage)
    assert case.id == case.model_copy().id
    changed = case.model_copy(update={"lineage": lineage.model_copy(update={"seed": 2})})
    assert changed.id != case.id
    assert case == case.model_copy(), "what a noun remembers is no part of what it is"


def test_a_noun_cannot_be_changed_and_takes_no_unknown_field():
    with pytest.raises(ValidationError, match="frozen"):
        Message(role="user", content="a").content = "b"
    with pytest.raises(ValidationError, match="Extra inputs"):
        Usage(prompt_tokens=1, tokens_of_reasoning=2)
