"""What an attacker's reply holds: requests by number, and for every missing one why it is not there."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any

from pydantic import StringConstraints, ValidationError
from pydantic_core import from_json

from astral.domain.base import Noun
from astral.domain.chat import ChatReply
from astral.domain.records import Ending
from astral.domain.untrusted import without_code_fence
from astral.errors import AttackerRefusedError, MalformedDraftError, StageError
from astral.generate.refusals import is_refusal


class _Item(Noun):
    number: int
    request: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def requests_in(reply: ChatReply, languages: Sequence[str], *, attacker: str) -> tuple[str | StageError, ...]:
    """The requests of a reply, or the error in the place of each that is not there; errors quote nothing of it.

    Whoever refuses as a whole refuses every request, and so does a filter of the provider. Otherwise one that is
    missing, malformed or refused costs only itself; of a reply that was cut off, what came before the cut is used.

    Args:
        reply: What the attacker said.
        languages: The language of each request that was asked for, the first of which has the number 1.
        attacker: Name of the attacker, for the errors.
    """
    if reply.ending in {Ending.REFUSED, Ending.BLOCKED}:
        refused = AttackerRefusedError(
            f"the attacker {attacker} wrote no request: its answer was {reply.ending.value}."
        )
        return (refused,) * len(languages)
    if any(is_refusal(reply.text, language) for language in dict.fromkeys(languages)):
        return (AttackerRefusedError(f"the attacker {attacker} refused to write a request."),) * len(languages)
    items = _items(reply.text, only=len(languages) == 1)
    return tuple(
        _request(items.get(number), language, attacker=attacker) for number, language in enumerate(languages, start=1)
    )


def _request(item: str | None, language: str, *, attacker: str) -> str | StageError:
    if item is None:
        return MalformedDraftError(
            f"the attacker {attacker} answered malformed: asked was a JSON object with a list of numbered requests."
        )
    if is_refusal(item, language):
        return AttackerRefusedError(f"the attacker {attacker} refused to write a request.")
    return item


def _items(text: str, *, only: bool) -> Mapping[int, str]:
    """The well-formed requests by number; of two with one number the first. A single one needs no number."""
    found: dict[int, str] = {}
    for each in _listed(text):
        numbered = {"number": 1, **each} if only and isinstance(each, dict) else each
        try:
            item = _Item.model_validate(numbered)
        except ValidationError:
            continue
        found.setdefault(item.number, item.request)
    return found


def _listed(text: str) -> Collection[Any]:
    """What stands in the list `requests`; many models write a sentence before the object, and some around it."""
    _, brace, rest = without_code_fence(text).partition("{")
    try:
        # Partial: an answer may have been cut off, and a sentence may follow the object.
        answer = from_json(brace + rest, allow_partial=True)
    except ValueError:
        return ()
    listed = answer.get("requests") if isinstance(answer, dict) else None
    return listed if isinstance(listed, list) else ()
