"""What astral knows of a sample, in the room that a format has for it; and back."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from pydantic import ValidationError

from astral.domain.records import Lineage, Message, Outcome
from astral.domain.sample import Sample, foreign_sample
from astral.domain.space import Cell

KEY: Final = "astral"
"""Under this name the facts stand in other tools' metadata."""


class Fact(StrEnum):
    """What a format may or may not have room for; the value says what is lost where it has none."""

    TURNS = "have several messages, which the format holds as one text"
    SYSTEM = "have a system message, which the format holds as the user's words"
    CELL = "lose their cell: what it has no column for, such as language, style and persuasion"
    LINEAGE = "lose their lineage: generator, seed, transforms"
    SOURCES = "lose the sources of their evidence and their licence"
    RESPONSE = "lose the target's answer"
    OUTCOME = "lose the verdict"
    BENIGN = "are benign twins, which the format cannot tell from the others"
    PICTURES = "lose their pictures; what a picture said stands in the lineage alone"


EVERYTHING: Final = frozenset(Fact) - {Fact.PICTURES}
"""The facts of a format that has room for metadata of any shape."""


def has_fact(sample: Sample, fact: Fact) -> bool:
    """Whether there is anything of this kind to lose."""
    case = sample.case
    return {
        Fact.TURNS: len(case.messages) > 1,
        Fact.SYSTEM: any(message.role == "system" for message in case.messages),
        Fact.CELL: len(case.cell.values) > 0,
        Fact.LINEAGE: True,
        Fact.SOURCES: bool(case.lineage.evidence or sample.licence),
        Fact.RESPONSE: bool(sample.response),
        Fact.OUTCOME: sample.outcome is not None,
        Fact.BENIGN: sample.is_benign,
        Fact.PICTURES: any(message.pictures for message in case.messages),
    }[fact]


def losses_of(samples: Sequence[Sample], held: frozenset[Fact]) -> list[str]:
    """What a format that holds only some facts cannot keep of these samples, a sentence each."""
    counts = {fact: sum(has_fact(sample, fact) for sample in samples) for fact in Fact if fact not in held}
    return [f"{count} of {len(samples)} cases {fact.value}." for fact, count in counts.items() if count]


def facts_of(sample: Sample) -> dict[str, Any]:
    """What is not the request or the answer itself, as JSON.

    Passages of evidence stay behind, since their texts belong to others; address, title, date and hash travel along.
    """
    case, verdict = sample.case, sample.verdict
    lineage = case.lineage.model_dump(mode="json", exclude_defaults=True)
    if case.lineage.evidence:
        lineage["evidence"] = [each.model_dump(mode="json", exclude={"text"}) for each in case.lineage.evidence]
    facts: dict[str, Any] = {"case": case.id, "cell": case.cell.model_dump(mode="json"), "lineage": lineage}
    if sample.is_benign:
        facts["is_benign"] = True
    if sample.licence:
        facts["licence"] = sample.licence
    if verdict is not None:
        facts["outcome"] = verdict.outcome.value
        facts["p_unsafe"] = verdict.p_unsafe
        facts |= {name: told for name in ("severity", "category", "reason") if (told := getattr(verdict, name))}
    return facts


def sample_with(
    tool: str,
    messages: Sequence[Message],
    facts: Any,
    *,
    cell: Cell | None = None,
    response: str = "",
    target: str = "",
    outcome: Outcome | None = None,
    reason: str = "",
) -> Sample:
    """A sample from messages and, where astral wrote the file, the facts beside them; what others wrote has none.

    Args:
        tool: Name of the format.
        messages: What was sent.
        facts: What stands under `KEY`, of any type: an object, or one as text where the format's cells are flat.
        cell: What the format's own columns say, where there are no facts.
        response: The target's answer.
        target: Name of the tested system.
        outcome: What the tool decided; it goes before what the facts say, which is older.
        reason: Why.
    """
    known = object_of(facts)
    lineage = None
    try:
        if "cell" in known:
            cell = Cell.model_validate(known["cell"])
        if "lineage" in known:
            lineage = Lineage.model_validate(_with_texts(known["lineage"]))
    except ValidationError:
        lineage = None  # an edited file: the request itself is still one
    if outcome is None and known.get("outcome") in set(Outcome):
        outcome, reason = Outcome(known["outcome"]), str(known.get("reason", ""))
    return foreign_sample(
        tool,
        messages,
        cell=cell,
        lineage=lineage,
        response=response,
        target=target,
        outcome=outcome,
        reason=reason,
        is_benign=known.get("is_benign") is True,
        licence=str(known.get("licence", "")),
    )


def object_of(facts: Any) -> Mapping[str, Any]:
    """Facts as an object: as they are, or read from a text; empty where they are neither."""
    if isinstance(facts, str):
        try:
            facts = json.loads(facts)
        except (ValueError, RecursionError):
            return {}
    return facts if isinstance(facts, Mapping) else {}


def _with_texts(lineage: Any) -> Any:
    """A lineage whose evidence has the texts, empty ones, that its noun asks for."""
    if not isinstance(lineage, Mapping) or not isinstance(lineage.get("evidence"), list):
        return lineage
    return {**lineage, "evidence": [{"text": "", **each} for each in lineage["evidence"] if isinstance(each, Mapping)]}


def user_message(text: str) -> tuple[Message, ...]:
    """A request of one message."""
    return (Message(role="user", content=text),)


def chat_of(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages as most tools write them."""
    return [{"role": message.role, "content": message.content} for message in messages]


def messages_of(chat: Any) -> tuple[Message, ...]:
    """Messages from a text, or from a list of objects with role and content; none where it is neither."""
    if isinstance(chat, str):
        return user_message(chat) if chat.strip() else ()
    if not isinstance(chat, list):
        return ()
    found: list[Message] = []
    for each in chat:
        if isinstance(each, Mapping) and each.get("role") in {"system", "user", "assistant"}:
            content = each.get("content")
            if isinstance(content, list):  # parts, as in OpenAI's and Inspect's chats
                content = "\n\n".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
            if isinstance(content, str) and content.strip():
                found.append(Message(role=each["role"], content=content))
    return tuple(found)
