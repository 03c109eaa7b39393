"""One harmless message to a target, outside of any run."""

from astral.config import Environment, Settings
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel
from astral.domain.records import Lineage, Message, TestCase, Transcript
from astral.domain.space import Cell
from astral.execute import ChatTarget, RetryingModel
from astral.plugins import PartContext, Port, has_part, make_part
from astral.providers import look_at_endpoint

MAX_TOKENS = 32


async def look_at_target(settings: Settings) -> str:
    """What can be told of the target's endpoint without asking the target; empty where it has none.

    Raises:
        UserError: What is wrong with it, and what to do next.
    """
    told = settings.target
    if has_part(Port.TARGET, told.model):
        return ""
    return await look_at_endpoint(told.model, role=ModelRole.TARGET, base_url=told.base_url, environment=Environment())


async def probe_target(settings: Settings, text: str) -> Transcript:
    """What the target that the settings name says to a text; nothing is recorded.

    Raises:
        AstralError: The target is unknown, lacks its key, or does not answer.
    """
    told = settings.target
    context = PartContext(settings, Environment(), ModelRole.TARGET, told.base_url)
    case = TestCase(
        messages=(Message(role="user", content=text),),
        cell=Cell(values=(("probe", "harmless"),)),
        lineage=Lineage(generator="probe", seed=0),
    )
    if has_part(Port.TARGET, told.model):
        return await make_part(Port.TARGET, told.model, context).respond(case)
    model: ChatModel = make_part(Port.CHAT_MODEL, told.model, context)
    try:
        return await ChatTarget(RetryingModel(model), system_prompt=told.system_prompt, max_tokens=MAX_TOKENS).respond(
            case
        )
    finally:
        await model.close()
