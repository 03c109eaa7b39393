"""Cells and interactions: what there is to test."""

from itertools import combinations
from math import comb, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from astral.domain.space import Cell, Dimension, Space, Taxonomy, Value


def value(name, **traits):
    return Value(id=name, name=name, definition="d", **traits)


def space_of(levels):
    return Space(
        dimensions=tuple(
            Dimension(id=f"d{at}", values=tuple(value(f"v{each}") for each in range(level)))
            for at, level in enumerate(levels)
        )
    )


spaces = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(space_of)


@given(spaces)
def test_a_space_has_the_product_of_its_levels_in_cells_each_once(space):
    cells = list(space.cells())
    assert len(set(cells)) == len(cells) == prod(space.levels)
    assert cells[0] == space.cell([0] * len(space.levels))
    assert cells[-1] == space.cell([level - 1 for level in space.levels])


@given(spaces, st.integers(1, 4))
def test_interactions_of_a_space_are_those_of_its_cells(space, strength):
    interactions = list(space.interactions(strength))
    assert len(interactions) == sum(prod(levels) for levels in combinations(space.levels, strength))
    assert len(set(interactions)) == len(interactions)
    assert set(interactions) == {covered for cell in space.cells() for covered in cell.interactions(strength)}


@given(spaces, st.integers(1, 4))
def test_a_cell_covers_one_interaction_for_each_choice_of_dimensions(space, strength):
    dimensions = len(space.dimensions)
    assert {len(list(cell.interactions(strength))) for cell in space.cells()} == {comb(dimensions, strength)}


@given(spaces.flatmap(lambda space: st.sampled_from(list(space.cells()))))
def test_a_cell_comes_back_from_json_with_its_order(cell):
    assert Cell.model_validate_json(cell.model_dump_json()) == cell
    assert Cell.model_validate(cell.model_dump()) == cell
    assert cell.model_dump() == dict(cell.values)


def test_a_cell_answers_by_dimension():
    cell = Cell(values=(("risk", "theft"), ("style", "slang")))
    assert cell["style"] == "slang"
    assert "risk" in cell
    assert "slang" not in cell
    assert str(cell) == "theft · slang"
    with pytest.raises(KeyError):
        cell["language"]


def test_a_space_finds_values_by_id_and_no_others():
    space = space_of([2, 3])
    assert space.value("d1", "v2").id == "v2"
    for unknown in (("d2", "v0"), ("d0", "v2")):
        with pytest.raises(KeyError):
            space.value(*unknown)


def test_whatever_else_a_file_says_of_a_value_is_a_trait():
    thai = value("th", script="Thai", resource="medium")
    assert thai.traits == {"script": "Thai", "resource": "medium"}
    assert Value.model_validate_json(thai.model_dump_json()) == thai


@pytest.mark.parametrize("name", ["", "Thai", "0th", "../th", "t h", "th\n"])
def test_an_id_of_a_value_is_a_plain_word(name):
    with pytest.raises(ValidationError):
        value(name)


def test_a_dimension_names_each_value_once_and_has_one():
    with pytest.raises(ValidationError, match="'risk' names a value twice"):
        Dimension(id="risk", values=(value("theft"), value("theft")))
    with pytest.raises(ValidationError):
        Dimension(id="risk", values=())


def test_a_taxonomy_gives_all_values_or_those_named_in_the_order_of_the_file():
    taxonomy = Taxonomy(
        id="t",
        version=1,
        dimension="risk",
        title="T",
        source={"title": "s", "url": "u"},
        licence="CC0-1.0",
        values=tuple(value(name) for name in "abc"),
    )
    assert [each.id for each in taxonomy.as_dimension().values] == ["a", "b", "c"]
    assert [each.id for each in taxonomy.as_dimension(["c", "a"]).values] == ["a", "c"]
    assert taxonomy.as_dimension().id == "risk"
