import json

import pytest

from astral.cli.listing import NOUNS


@pytest.mark.parametrize("noun", NOUNS)
def test_each_noun_lists_the_same_for_people_and_for_machines(astral, runs, noun):
    lines = astral("list", noun, "--runs", runs).out.splitlines()
    rows = json.loads(astral("list", noun, "--runs", runs, "--json").out)
    assert len(lines) == len(rows) + 1, "one line a row, and the head"
    assert len(rows) >= 1
    first = next(iter(rows[0].values()))
    assert lines[1].startswith(str(first))


def test_a_run_is_listed_with_its_endings_and_target(astral, runs):
    row = json.loads(astral("list", "--runs", runs, "--json").out)[-1]
    assert row["status"] == "met"
    assert row["tests"] == row["safe"] == 4
    assert (row["unsafe"], row["unknown"], row["blocked"], row["failed"]) == (0, 0, 0, 0)
    assert row["target"] == "python:astral.testing.targets:refusing"


def test_columns_that_are_rare_are_shown_where_they_count(astral, runs):
    head = astral("list", "--runs", runs).out.splitlines()[0].split()
    assert head == ["run", "status", "tests", "unsafe", "safe", "target"]


def test_values_of_one_dimension_come_with_their_traits(astral):
    rows = json.loads(astral("list", "values", "language", "--json").out)
    assert len(rows) >= 100
    thai = next(row for row in rows if row["value"] == "th")
    assert (thai["name"], thai["script"], thai["resource"]) == ("Thai", "Thai", "medium")
    assert thai["packs"] == "multijail-10 sea-12"


def test_without_a_dimension_the_values_are_those_that_are_tested(astral):
    rows = json.loads(astral("list", "values", "--json").out)
    assert sum(row["dimension"] == "language" for row in rows) == 10


def test_transforms_are_listed_with_family_and_origin(astral):
    rows = {row["transform"]: row for row in json.loads(astral("list", "transforms", "--json").out)}
    assert len(rows) >= 60
    assert rows["morse"]["family"] == "encoding"
    assert "sorry-bench-20" in rows["morse"]["packs"]
    assert rows["translate-fr"]["needs"] == "a translator"


def test_values_follow_the_taxonomies_of_the_settings(astral, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "id: mine\nversion: 1\ndimension: risk\ntitle: Mine\nsource: {title: Me, url: https://example.invalid}\n"
        "licence: CC0-1.0\nvalues:\n"
        '  - {id: noise, name: "[red]Noise\\e[2J", definition: Too loud.}\n'
    )
    settings = tmp_path / "astral.yaml"
    settings.write_text(f"taxonomies: [{mine}]\n")
    shown = astral("list", "values", "-c", settings).out
    assert "[red]Noise⟨U+001B⟩[2J" in shown
    assert "\x1b" not in shown


def test_nothing_to_list_is_told_beside_the_results(astral, tmp_path):
    done = astral("list", "--runs", tmp_path / "none")
    assert (done.code, done.out) == (0, "")
    assert "astral generate" in done.err
    assert json.loads(astral("list", "--runs", tmp_path / "none", "--json").out) == []
    assert not (tmp_path / "none").exists()
