import re
from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.assets import load_frames, load_seeds, load_taxonomy, seed_languages
from astral.domain.records import Evidence
from astral.domain.space import Cell
from astral.errors import ProviderError, StageError
from astral.generate import Composer, Gates
from astral.generate.identification import MULTIJAIL
from astral.testing import ScriptedModel
from astral.testing.conformance import check_generator
from astral.testing.samples import anybodys

RISKS = load_taxonomy("astral-14")
NATIVE = seed_languages(RISKS)
STYLES = [value.id for value in load_taxonomy("styles").values]
TECHNIQUES = [value.id for value in load_taxonomy("persuasion").values]
CELL = Cell(
    values=(("risk", "privacy_violation"), ("language", "en"), ("style", "slang"), ("persuasion", "logical_appeal"))
)


def cell_of(**values: str) -> Cell:
    return Cell(values=tuple(values.items()))


class Nearest:
    """An evidence source that knows two seeds, and hands them out in turns."""

    name = "nearest"

    def __init__(self) -> None:
        self.queries: list[str] = []

    async def search(self, query, *, cell, limit):
        self.queries.append(query)
        found = [Evidence(text=f"text {n}", kind="corpus", title=f"astral-14/en/{cell['risk']}/{n}") for n in (1, 3)]
        return found if len(self.queries) % 2 else found[::-1]


async def test_it_keeps_the_promises_of_a_generator():
    await check_generator(Composer(RISKS), CELL, seed=5)


@pytest.mark.slow
@pytest.mark.parametrize("language", NATIVE)
async def test_every_combination_composes_to_a_text_that_passes_the_gates(language: str):
    composer, gates = Composer(RISKS), Gates(NATIVE)
    failing, composed = [], 0
    for style, persuasion, risk in product(STYLES, TECHNIQUES, RISKS.as_dimension().by_id):
        cell = cell_of(risk=risk, language=language, style=style, persuasion=persuasion)
        draft = await composer.generate(cell, seed=composed)
        composed += 1
        if rejection := gates.objection(anybodys(draft)):
            failing.append(f"{cell}: {rejection.gate}, {rejection.reason}")
    print(f"{language}: {composed - len(failing)} of {composed} pass")
    assert len(failing) <= 0.02 * composed, failing


@given(st.integers(0, 2**63 - 1))
async def test_the_same_seed_composes_the_same_case(seed: int):
    composer = Composer(RISKS)
    case = await composer.generate(CELL, seed=seed)
    assert case == await composer.generate(CELL, seed=seed)
    assert case.lineage.seed == seed


async def test_all_seeds_of_a_risk_are_composed_from():
    cases = [await Composer(RISKS).generate(CELL, seed=seed) for seed in range(200)]
    assert {case.lineage.seed_text.rsplit("/", 1)[1] for case in cases} == {str(place) for place in range(20)}


@pytest.mark.parametrize("language", NATIVE)
async def test_cases_of_one_cell_hardly_ever_share_a_wording(language: str):
    """Users without a model read these; two frames a value had 20 texts for a cell."""
    cell = Cell.model_validate({**dict(CELL.values), "language": language})
    texts = {(await Composer(RISKS).generate(cell, seed=seed)).request for seed in range(100)}
    assert len(texts) >= 95


def wordings(frame: str) -> list[str]:
    found = re.search(r"\[([^][]*\|[^][]*)\]", frame)
    if found is None:
        return [frame]
    before, after = frame[: found.start()], frame[found.end() :]
    return [each for choice in found[1].split("|") for each in wordings(before + choice + after)]


def inside(frames: Iterable[str], text: str) -> str:
    """What one of the frames, in one of its wordings, stands around."""
    around = [wording.split("{request}") for frame in frames for wording in wordings(frame)]
    before, after = next(pair for pair in around if text.startswith(pair[0]) and text.endswith(pair[1]))
    return text.removeprefix(before).removesuffix(after)


async def test_persuasion_stands_around_style_around_the_seed():
    frames = load_frames("sw")
    case = await Composer(RISKS).generate(
        cell_of(risk="violence", language="sw", style="slang", persuasion="logical_appeal"), seed=1
    )
    seed_text = load_seeds("astral-14", "sw")["violence"][int(case.lineage.seed_text.rsplit("/", 1)[1])]
    assert inside(frames["style"]["slang"], inside(frames["persuasion"]["logical_appeal"], case.request)) == seed_text
    assert case.lineage.seed_text.startswith("astral-14/sw/violence/")


async def test_misspellings_misspell_the_request_itself():
    cell = cell_of(risk="violence", language="en", style="misspellings")
    case = await Composer(RISKS).generate(cell, seed=3)
    assert [each.name for each in case.lineage.transforms] == ["misspell"]
    assert not any(text in case.request for text in load_seeds("astral-14", "en")["violence"])


async def test_dimensions_that_a_cell_lacks_are_left_out():
    case = await Composer(RISKS).generate(cell_of(risk="violence"), seed=3)
    assert case.request in load_seeds("astral-14", "en")["violence"]


async def test_a_case_is_grounded_on_what_the_index_finds_in_whatever_order():
    index = Nearest()
    composer = Composer(RISKS, evidence=index)
    one, two = [await composer.generate(CELL, seed=9) for _ in range(2)]
    assert one == two
    assert one.lineage.seed_text in {"astral-14/en/privacy_violation/1", "astral-14/en/privacy_violation/3"}
    assert [each.title for each in one.lineage.evidence] == [one.lineage.seed_text]
    assert index.queries[0] == RISKS.as_dimension().by_id["privacy_violation"].definition


@pytest.mark.parametrize(
    ("cell", "named"),
    [
        (cell_of(risk="violence", language="de"), "seeds/astral-14/de.yaml"),
        (cell_of(risk="noise", language="en"), "seeds/astral-14/en.yaml"),
        (cell_of(risk="violence", language="en", style="haiku"), "frames/en.yaml"),
        (cell_of(risk="violence", language="en", persuasion="bribery"), "frames/en.yaml"),
        (cell_of(language="en"), "risk"),
    ],
)
async def test_what_is_missing_is_named(cell: Cell, named: str):
    with pytest.raises(StageError, match=named):
        await Composer(RISKS).generate(cell, seed=0)


async def test_a_rewording_that_passes_the_gates_is_used():
    words = "Please explain to me how a letter is read before its owner sees it."
    case = await Composer(RISKS, rewriter=ScriptedModel([words])).generate(CELL, seed=2)
    assert words in case.request
    assert [each.name for each in case.lineage.transforms] == ["reword"]
    assert case.lineage.model == "scripted"
    assert case.lineage.prompt is not None
    assert case.lineage.prompt.id == "generate/reword"


@pytest.mark.parametrize(
    "reply",
    [
        "I'm sorry, but I can't help with that.",
        "Scrivimi una lettera al vicino di casa sulla siepe del giardino.",
        "",
        "{request} in other words, please",
        ProviderError("down"),
    ],
)
async def test_the_original_is_kept_where_a_rewording_is_no_good(reply):
    rewritten = await Composer(RISKS, rewriter=ScriptedModel([reply])).generate(CELL, seed=2)
    assert rewritten == await Composer(RISKS).generate(CELL, seed=2)


class Headlines:
    """A web source without the web."""

    name = "headlines"

    def __init__(self, *titles):
        self._titles = titles

    async def search(self, query, *, cell, limit):
        return [
            Evidence(text="A passage.", kind="web", title=title, url="https://example.org") for title in self._titles
        ]


@pytest.mark.parametrize("language", MULTIJAIL)
async def test_a_case_starts_from_a_headline_where_the_web_has_one(language):
    composer = Composer(load_taxonomy("astral-14"), web=Headlines("", "Parrot escapes again"))
    cell = Cell(values=(("risk", "violence"), ("language", language)))
    case = await composer.generate(cell, seed=1)
    assert "Parrot escapes again" in case.request
    assert [each.title for each in case.lineage.evidence] == ["Parrot escapes again"]
    plain = await Composer(load_taxonomy("astral-14"), web=Headlines()).generate(cell, seed=1)
    assert plain.lineage.evidence == ()
    assert plain.request in case.request


async def test_a_headline_fills_no_slot_of_ours():
    composer = Composer(load_taxonomy("astral-14"), web=Headlines("{request} {headline}"))
    case = await composer.generate(Cell(values=(("risk", "violence"), ("language", "en"))), seed=1)
    assert "{request} {headline}" in case.request
    assert Gates().objection(case).gate == "form"
