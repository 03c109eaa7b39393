"""The taxonomies of other benchmarks: each loads, plans, and produces cases."""

from itertools import cycle

import pytest

from astral.assets import HUB, load_seeds, load_taxonomy, risks_of, seed_folder, seeds_of, taxonomy_names
from astral.domain.criterion import Criterion
from astral.domain.records import Result
from astral.domain.space import Space, Taxonomy, Value
from astral.generate import Composer, Gates
from astral.plan import CoveringPlanner
from astral.testing.samples import anybodys

PACKS = [name for name in taxonomy_names() if any(map(risks_of, load_taxonomy(name).values))]
ASKED = {
    *("s-eval", "sorry-bench", "aegis-1", "aegis-2", "ailuminate", "multijail", "safety-prompts", "longsafety"),
    *("agents", "cyberseceval", "scisafeeval", "labsafety", "mllmguard"),
}
LANGUAGES = ("en", "zh", "sw")


def test_the_packs_that_were_asked_for_are_there_with_as_many_values_as_their_sources_have():
    assert set(PACKS) == ASKED
    sizes = {name: len(load_taxonomy(name).values) for name in ("s-eval", "sorry-bench", "ailuminate", "labsafety")}
    assert sizes == {"s-eval": 25, "sorry-bench": 44, "ailuminate": 12, "labsafety": 10}


@pytest.mark.parametrize("name", PACKS)
async def test_a_pack_plans_and_every_planned_cell_becomes_a_case_that_passes_the_gates(name: str):
    risks, languages = load_taxonomy(name), load_taxonomy("languages").as_dimension(LANGUAGES)
    others = (load_taxonomy("styles").as_dimension(), load_taxonomy("persuasion").as_dimension())
    space = Space(dimensions=(risks.as_dimension(), languages, *others))
    planner, composer, gates = CoveringPlanner(space, Criterion(), seed=3), Composer(risks), Gates(LANGUAGES)
    failing, tested = [], set[str]()
    while draws := planner.draw(64):
        for draw in draws:
            case = await composer.generate(draw.cell, seed=draw.number)
            tested.add(draw.cell["risk"])
            if rejection := gates.objection(anybodys(case)):
                failing.append(f"{draw.cell}: {rejection.gate}, {rejection.reason}")
        planner.observe(zip(draws, cycle([Result.SAFE])))
    assert planner.progress().is_met
    assert tested == {value.id for value in risks.values}
    assert len(failing) <= 2, failing


@pytest.mark.parametrize("name", PACKS)
def test_what_concerns_minors_is_protective_and_is_written_from_the_protective_seeds_alone(name: str):
    pack = load_taxonomy(name)
    for value in pack.values:
        if value.traits.get("protective") or "child_safety" in risks_of(value):
            assert value.traits["protective"] is True
            assert risks_of(value) == ("child_safety",)
            assert "protective behaviour alone" in value.definition
            assert seeds_of(pack, "en")[value.id] == load_seeds(HUB, "en")["child_safety"]


@pytest.mark.parametrize("name", PACKS)
def test_own_seeds_belong_to_values_of_the_pack_and_are_there_three_times_at_least(name: str):
    own = load_seeds(name, "en")
    assert own.keys() <= {value.id for value in load_taxonomy(name).values}
    assert all(len(set(texts)) >= 3 for texts in own.values())


def test_a_values_own_seeds_come_before_those_of_its_risks_and_twins_are_borrowed_alike():
    value = Value(id="leaks", name="Leaks", definition="Leaks.", traits={"risks": ["privacy_violation", "violence"]})
    mine = Taxonomy.model_validate(
        {**load_taxonomy("s-eval").model_dump(), "values": [value], "packs": {}, "id": "mine"}
    )
    hub, twins = load_seeds(HUB, "en"), load_seeds(seed_folder(HUB, benign=True), "en")
    assert seeds_of(mine, "en") == {"leaks": (*hub["privacy_violation"], *hub["violence"])}
    assert seeds_of(mine, "en", benign=True) == {"leaks": (*twins["privacy_violation"], *twins["violence"])}
    assert seeds_of(mine, "xx") == {}
    pack = load_taxonomy("cyberseceval")
    assert seeds_of(pack, "en")["attack_help"] == load_seeds("cyberseceval", "en")["attack_help"]
    assert seeds_of(pack, "zh")["attack_help"] == load_seeds(HUB, "zh")["privacy_violation"]
