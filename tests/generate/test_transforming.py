import pytest

from astral.assets import load_taxonomy
from astral.domain.space import Cell
from astral.errors import StageError
from astral.generate import Composer, Gates, Screen, TransformingGenerator, chain_of
from astral.testing.conformance import check_generator

RISKS = load_taxonomy("astral-14")


def cell_of(**values: str) -> Cell:
    return Cell(values=tuple({"risk": "violence", "language": "en", **values}.items()))


def transforming(**by_value: str) -> TransformingGenerator:
    return TransformingGenerator(Composer(RISKS), by_value={name: chain_of(spec) for name, spec in by_value.items()})


async def test_it_keeps_the_promises_of_a_generator():
    await check_generator(transforming(base64="base64"), cell_of(transform="base64"), seed=4)


async def test_a_cell_gets_its_transform_and_the_gates_read_what_was_there_before():
    generator, gates = transforming(base64="misspell+base64", plain="plain"), Gates()
    case = await generator.generate(cell_of(transform="base64", style="slang"), seed=1)
    assert [each.name for each in case.lineage.transforms] == ["misspell", "base64"]
    plain = await Composer(RISKS).generate(cell_of(style="slang"), seed=1)
    assert case.plain_request == plain.request
    assert gates.objection(case) is None
    assert (await generator.generate(cell_of(transform="plain"), seed=1)).lineage.transforms == ()


async def test_what_every_case_goes_through_comes_first():
    generator = TransformingGenerator(
        Composer(RISKS), always=chain_of("random_case"), by_value={"rot13": chain_of("rot13")}
    )
    case = await generator.generate(cell_of(transform="rot13"), seed=2)
    assert [each.name for each in case.lineage.transforms] == ["random_case", "rot13"]
    assert [each.name for each in (await generator.generate(cell_of(), seed=2)).lineage.transforms] == ["random_case"]


async def test_what_leaves_a_text_as_it_is_does_not_count_as_tried():
    with pytest.raises(StageError, match="'leetspeak' leaves this text as it is"):
        await transforming(leetspeak="leetspeak").generate(cell_of(language="th", transform="leetspeak"), seed=1)


async def test_the_same_words_in_two_encodings_are_no_duplicates():
    generator = transforming(base64="base64", morse="morse")
    screen = Screen(Gates())
    drafts = [await generator.generate(cell_of(transform=name), seed=7) for name in ("base64", "morse", "base64")]
    assert drafts[0].plain_request == drafts[1].plain_request
    assert [verdict and verdict.gate for verdict in screen.screen(drafts)] == [None, None, "duplicate"]
