import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.report import to_json, visible
from astral.report.text import one_line, visible_pieces

ACTING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
texts = st.text(st.characters(exclude_categories=()))


@given(texts)
def test_no_acting_character_is_left(text):
    left = {sign for sign in visible(text) if unicodedata.category(sign) in ACTING}
    assert left <= {"\n", "\t", "\u200c", "\u200d"}
    visible(text).encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "⟨U+001B⟩[2J"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("one\r\ntwo", "one\ntwo"),
        ("ক্‍ষ ไทย 中文 العربية 👩‍🚒", "ক্‍ষ ไทย 中文 العربية 👩‍🚒"),
    ],
)
def test_acting_characters_are_spelled_out_and_scripts_left_alone(text, shown):
    assert visible(text) == shown


@given(texts)
def test_json_reads_back_and_can_be_printed(text):
    line = to_json({"text": text}, indent=None)
    assert json.loads(line) == {"text": text}
    assert len(line.splitlines()) == 1
    assert not any(unicodedata.category(sign) in ACTING for sign in line.replace("\u200c", "").replace("\u200d", ""))
    line.encode()


def test_json_keeps_every_script_readable():
    assert "ไทย" in to_json("ไทย")


@given(texts, st.integers(1, 50))
def test_one_line_is_one_line_of_bounded_length(text, limit):
    line = one_line(text, limit=limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1


@given(st.lists(st.sampled_from(["\r", "\n", "a\r", "\u202e", "b", "c" * 70_000, "d" * 65_535 + "\r", ""])))
def test_a_text_in_pieces_is_made_visible_as_if_it_were_whole(pieces):
    assert "".join(visible_pieces(pieces)) == visible("".join(pieces))
