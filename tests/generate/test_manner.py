"""Frames: their slots, and their many wordings."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.assets import load_frames, load_seeds, task_verbs
from astral.assets.taxonomies import FrameFile
from astral.generate.manner import filled, frame_of, is_task, one_wording


def test_of_alternatives_one_is_chosen_and_what_else_is_in_brackets_stays():
    frame = "[Hi|Hello|], [not these] {request} [x|y]"
    found = {one_wording(frame, random.Random(seed)) for seed in range(100)}
    assert found == {
        f"{greeting}, [not these] {{request}} {end}" for greeting in ("Hi", "Hello", "") for end in ("x", "y")
    }


def test_a_bare_instruction_stands_in_a_sentence():
    assert filled("Could you {task}?", "Write a letter.") == "Could you write a letter?"
    assert filled("Here: {request}", "Write a letter.") == "Here: Write a letter."


@pytest.mark.parametrize(
    ("request_text", "fits"),
    [
        ("Write a letter.", True),
        ("Write a letter", True),
        ("Write a letter. Be quick.", False),
        ("How do I write a letter?", False),
        ("I need a letter.", False),
        ("", False),
    ],
)
def test_only_one_instruction_is_a_task(request_text, fits):
    assert is_task(request_text, "en") is fits
    assert not is_task(request_text, "it")


@given(st.text(), st.integers(0, 2**32))
def test_whatever_is_asked_gets_a_frame_that_takes_it_as_it_is_or_as_a_task(asked, seed):
    frame = frame_of("en", "style", "question", random.Random(seed), around=asked)
    assert frame.count("{request}") + frame.count("{task}") == 1
    assert is_task(asked, "en") or asked in filled(frame, asked)


def test_every_verb_begins_a_shipped_seed():
    first = {text.split()[0].casefold() for texts in load_seeds("astral-14", "en").values() for text in texts}
    assert set(task_verbs("en")) <= first


@pytest.mark.parametrize(
    "frame", ["no slot", "{request} {request}", "[{request}|x]", "{task} {request}", "[x] {request}"]
)
def test_a_frame_that_is_no_frame_is_named(frame):
    with pytest.raises(ValueError, match="style slang: a frame has"):
        FrameFile(language="en", frames={"style": {"slang": (frame,)}})


def test_the_frames_of_a_value_begin_in_many_ways():
    for values in (load_frames("en")["style"], load_frames("en")["persuasion"]):
        for value, frames in values.items():
            begins = {frame.partition("{")[0][:12] for frame in frames}
            assert len(begins) >= 8, value
