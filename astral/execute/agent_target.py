"""A target with tools: what it calls is answered from the scene's table, until it calls nothing more."""

from astral.domain.messages import Message, ToolCall
from astral.domain.ports import Target
from astral.domain.records import Ending, TestCase, Transcript
from astral.domain.scene import Scene
from astral.errors import AstralError, StageError
from astral.execute.turns import joined
from astral.functions import call_function, load_function

MOST_STEPS = 8
"""Answers in a row that may call tools; after that the talk ends as truncated."""
MOST_RESULT_CHARACTERS = 20_000


class AgentTarget:
    """Has a target go on while it calls tools. Nothing is carried out: results come from the case's own table."""

    def __init__(self, inner: Target, *, most_steps: int = MOST_STEPS) -> None:
        """Wrap a target.

        Args:
            inner: Answers once for the messages that it is given, perhaps with calls.
            most_steps: Answers in a row, at least 1.
        """
        self.name = inner.name
        self._inner, self._most_steps = inner, most_steps

    async def respond(self, case: TestCase) -> Transcript:
        """Talk about one case; every call and every result is in the transcript.

        Raises:
            StageError: The target did not answer, or a function of the user's that answers calls failed.
        """
        transcript = await self._inner.respond(case)
        if case.scene is None:
            return transcript
        asked, whole = case, transcript
        for _ in range(self._most_steps - 1):
            said = transcript.said_to(asked)
            calls = said[-1].calls if said else ()
            if not calls:
                return whole
            results = [await _result(case.scene, call) for call in calls]
            asked = asked.model_copy(update={"messages": (*asked.messages, *said, *results)})
            transcript = await self._inner.respond(asked)
            whole = joined(whole, asked, transcript)
        said = transcript.said_to(asked)
        is_cut = bool(said and said[-1].calls) and transcript.ending is Ending.ANSWERED
        return whole.model_copy(update={"ending": Ending.TRUNCATED}) if is_cut else whole


async def _result(scene: Scene, call: ToolCall) -> Message:
    return Message(role="tool", call_id=call.id, content=(await _answer(scene, call))[:MOST_RESULT_CHARACTERS])


async def _answer(scene: Scene, call: ToolCall) -> str:
    known = [tool.name for tool in scene.tools]
    if call.name not in known:
        return f"Error: there is no tool {call.name!r}. There are: {', '.join(known)}."
    if call.malformed:
        return "Error: the arguments are not a JSON object."
    if (row := scene.answer(call)) is not None:
        return row
    return await _asked(scene.function, call) if scene.function else "Done."


async def _asked(path: str, call: ToolCall) -> str:
    """What the user's own function answers.

    Raises:
        StageError: It raised.
    """
    try:
        return str(await call_function(load_function(path), call.name, dict(call.arguments)))
    except AstralError:
        raise
    except Exception as error:  # a user's function may raise anything; the run goes on
        raise StageError(f"python:{path} raised {type(error).__name__}: {str(error)[:300]}") from error
