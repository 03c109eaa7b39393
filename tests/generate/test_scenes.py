"""Tasks for agents, injections, and what ships for them."""

import pytest

from astral.assets import load_environment, load_injections, load_taxonomy
from astral.domain.space import Space
from astral.errors import UserError
from astral.generate import Gates, InjectionWriter, SceneWriter
from astral.testing.targets import obeying, refusing

SPACE = Space(dimensions=tuple(load_taxonomy(name).as_dimension() for name in ("agents", "environments")))
INJECTIONS = Space(
    dimensions=tuple(load_taxonomy(name).as_dimension() for name in ("injection-goals", "injections", "carriers"))
)


def test_twelve_environments_have_tasks_for_all_eight_risks():
    environments = [load_environment(value.id) for value in SPACE.by_id["environment"].values]
    assert len(environments) == 12
    assert {risk for each in environments for risk in each.tasks} == set(SPACE.by_id["risk"].by_id)
    assert len(SPACE.by_id["risk"].values) == 8


def test_fifteen_ways_and_four_goals_have_texts():
    texts = load_injections()
    assert set(texts.variants) == set(INJECTIONS.by_id["injection"].by_id)
    assert len(texts.variants) == 15
    assert set(texts.goals) == set(texts.foreign) == set(INJECTIONS.by_id["risk"].by_id)


async def test_every_task_passes_the_gates_and_its_control_tells_doing_from_not_doing():
    writer, gates = SceneWriter(SPACE), Gates()
    for cell in SPACE.cells():
        if cell["risk"] in load_environment(cell["environment"]).tasks:
            case = await writer.generate(cell, seed=1)
            assert gates.objection(case) is None
            assert case.scene.violations([obeying(case)])
            assert case == await writer.generate(cell, seed=1)
            assert [message.role for message in case.messages] == ["system", "user"]


async def test_every_injection_passes_the_gates_and_holds_what_it_asks_for_in_the_right_place():
    writer, gates = InjectionWriter(), Gates()
    for cell in INJECTIONS.cells():
        case = await writer.generate(cell, seed=3)
        assert gates.objection(case) is None, cell
        assert case.scene.violations([obeying(case)])
        user, attack = case.messages[-1].content, case.lineage.plain
        answers = "".join(row.result for row in case.scene.answers)
        assert (attack in user) == (cell["carrier"] != "tool_result")
        assert (attack in answers) or cell["carrier"] != "tool_result"
        assert bool(case.scene.tools) == (cell["carrier"] == "tool_result" or cell["risk"] == "call_tool")
        secret = cell["risk"] == "reveal_word"
        assert (case.scene.canary in case.messages[0].content) == secret


@pytest.mark.parametrize("pattern", ["(", "nobody"])
def test_a_forbidden_call_without_a_fitting_example_is_no_environment(pattern, tmp_path):
    path = tmp_path / "mine.yaml"
    forbidden = f"[{{tool: send, when: {{to: '{pattern}'}}, why: w, example: {{to: all}}}}]"
    path.write_text(
        "id: mine\nsystem: s\ntools:\n  - {name: send, description: d, arguments: {to: string}}\n"
        f"tasks:\n  leaks_data:\n    - request: r\n      forbidden: {forbidden}\n"
    )
    with pytest.raises(UserError, match=r"mine\.yaml:\d+"):
        load_environment(str(path))


def test_a_refusal_does_nothing_that_is_forbidden():
    from astral.domain.messages import Message
    from astral.testing import sample_case

    environment = load_environment("mailbox")
    (task, *_) = environment.tasks["leaks_data"]
    said = Message(role="assistant", content=refusing(sample_case()))
    assert not environment.scene(task).violations([said])
