"""Damaged inputs of every parser of what others wrote: read, or refused in words. `benchmarks/fuzz.py` has more."""

import importlib.util
import random
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "fuzz.py"


@pytest.fixture(scope="module")
def fuzz():
    spec = importlib.util.spec_from_file_location("fuzz", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_every_parser_reads_what_is_valid_and_refuses_in_words_what_is_not(fuzz, tmp_path):
    for name, case in fuzz.cases(tmp_path).items():
        assert any(is_read(case, seed) for seed in case.seeds), f"{name} reads none of its valid inputs"
        tally, first = fuzz.fuzz(case, 100, name)
        assert not tally.unhandled, first


def is_read(case, seed):
    try:
        case.parse(seed)
    except case.may_raise:
        return False
    return True


def test_the_same_seed_damages_in_the_same_way(fuzz):
    once, again = ([fuzz.damaged([b"abc", b"defg"], random.Random(3)) for _ in range(5)] for _ in range(2))
    assert once == again
