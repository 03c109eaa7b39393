"""What a report keeps of each test is little, and all that was told."""

from hypothesis import given
from hypothesis import strategies as st

from astral.domain.records import Control, Draw, Result
from astral.domain.run import TestEnd
from astral.domain.space import Cell
from astral.report.ends import Ends

CELLS = st.sampled_from([Cell(values=(("risk", risk), ("style", style))) for risk in "ab" for style in "xyz"])
DRAWS = st.builds(
    Draw,
    number=st.integers(0, 10**9),
    cell=CELLS,
    attempt=st.integers(0, 9),
    probability=st.floats(0, 1, exclude_min=True),
    control=st.sampled_from([None, *Control]),
)


@given(st.lists(st.tuples(DRAWS, st.sampled_from([None, *Result]))))
def test_tests_come_back_as_they_were_told(tests):
    ends = Ends()
    for draw, result in tests:
        ends.add(draw, result)
    for _ in range(2):
        assert list(ends) == [TestEnd(draw, result) for draw, result in tests]
    assert len(ends) == len(tests)
    asked: list[Cell] = []
    assert ends.by_cell(lambda cell: asked.append(cell) or cell) == [draw.cell for draw, _ in tests]
    assert len(asked) == len(set(asked)), "each cell was asked for once"
