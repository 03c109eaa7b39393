import pytest

from astral.assets import load_seeds, load_taxonomy, seed_languages, task_verbs
from astral.domain.space import Cell
from astral.errors import StageError
from astral.generate import Composer, Gates, TwinWriter
from astral.testing import sample_case

TAXONOMY = load_taxonomy("astral-14")
LANGUAGES = seed_languages(load_taxonomy("astral-14"))
WRITER = TwinWriter(TAXONOMY, Gates(LANGUAGES))


def cell_of(language: str = "en", style: str = "slang", risk: str = "violence") -> Cell:
    return Cell(values=(("risk", risk), ("language", language), ("style", style), ("persuasion", "logical_appeal")))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_twin_stands_in_the_frames_of_its_case_around_a_harmless_seed(language: str):
    alike = 0
    for seed in range(8):
        cell = cell_of(language)
        case = await Composer(TAXONOMY).generate(cell, seed=seed)
        twin = await WRITER.write(cell, seed=99, sibling=case, max_attempts=1)
        harmful = load_seeds("astral-14", language)["violence"]
        benign = load_seeds("astral-14-benign", language)["violence"]
        around = {case.request.replace(text, "·") for text in harmful if text in case.request}
        alike += bool(around & {twin.request.replace(text, "·") for text in benign if text in twin.request})
        assert twin.lineage.parent == case.id
        assert twin.lineage.seed_text.startswith(f"astral-14-benign/{language}/violence/")
    # A frame for a bare instruction fits around one of the two alone.
    assert alike >= (4 if task_verbs(language) else 8)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_risk_has_benign_seeds_that_pass_the_gates(language: str):
    gates, seeds = Gates(LANGUAGES), load_seeds("astral-14-benign", language)
    assert set(seeds) == {value.id for value in TAXONOMY.values}
    for texts in seeds.values():
        assert len(texts) >= (5 if language == "en" else 2)
        assert not [text for text in texts if gates.objection(sample_case(text, language=language))]


def test_benign_seeds_repeat_no_scenario_seed():
    for language in LANGUAGES:
        harmful = {text for texts in load_seeds("astral-14", language).values() for text in texts}
        assert not harmful & {text for texts in load_seeds("astral-14-benign", language).values() for text in texts}


async def test_a_twin_without_a_case_has_a_seed_of_its_own():
    first, second = [await WRITER.write(cell_of(), seed=seed, sibling=None, max_attempts=1) for seed in (1, 2)]
    assert first.lineage.parent == ""
    assert first.request != second.request


def test_only_cells_with_benign_seeds_have_twins():
    assert WRITER.can_write(cell_of())
    assert not WRITER.can_write(cell_of(language="tlh"))
    assert not WRITER.can_write(cell_of(risk="my_own_risk"))
    assert not WRITER.can_write(Cell(values=(("style", "slang"),)))


async def test_a_cell_without_frames_is_a_stage_error():
    with pytest.raises(StageError, match="frames"):
        await WRITER.write(cell_of(style="limerick"), seed=1, sibling=None, max_attempts=2)
