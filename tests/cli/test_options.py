import json

import pytest

from astral.cli.options import with_taxonomy
from astral.config import Settings

OWN = """id: mine
version: 1
dimension: {dimension}
title: Mine
source: {{title: Me, url: https://example.invalid}}
licence: CC0-1.0
values:
  - {{id: noise, name: Noise, definition: Too loud.}}
"""


@pytest.mark.parametrize(
    ("dimension", "place"), [("risk", 0), ("hazard", 0), ("language", 1), ("persuasion", 3), ("transform", 4)]
)
def test_a_taxonomy_takes_the_place_of_that_of_its_dimension_names_the_risks_or_is_one_more(tmp_path, dimension, place):
    path = tmp_path / "mine.yaml"
    path.write_text(OWN.format(dimension=dimension))
    before = list(Settings().taxonomies)
    after = list(with_taxonomy(Settings(), str(path)).taxonomies)
    assert after[place] == str(path)
    assert [each for each in after if each != str(path)] == before[:place] + before[place + 1 :]


def test_transforms_and_packs_are_planned_from_the_command_line(astral):
    narrow = ["--only", "language=en,th,en", "--only", "transform=safety-prompts-6"]
    facts = json.loads(astral("plan", "--taxonomy", "transforms", *narrow, "--json").out)
    assert facts["levels"] == [14, 2, 6, 5, 7]


def test_a_plan_counts_the_calls_of_the_translator_and_misses_it_where_it_is_needed(astral, tmp_path):
    settings = tmp_path / "astral.yaml"
    settings.write_text("only: {language: [africa-8, en, th]}\nstrength: 1\ncontrols: 0\n")
    missing = astral("plan", "-c", settings)
    assert missing.code == 2
    assert "nothing can be written in am, bm, ig, nso, sn, …" in missing.err
    settings.write_text(settings.read_text() + "attacker: {translator: openai:NAME}\n")
    facts = json.loads(astral("plan", "-c", settings, "--json").out)
    (calls,) = [role for role in facts["calls"] if role["model"] == "openai:NAME"]
    assert calls["calls"] == 2 * -(-facts["cells"] * 8 // 10)


def test_an_unknown_transform_is_told_before_the_run(astral, tmp_path):
    done = astral("generate", "--transform", "base46", "--runs", tmp_path / "runs")
    assert done.code == 2
    assert "Did you mean 'base64'" in done.err
    assert not list((tmp_path / "runs").glob("*/manifest.json"))
