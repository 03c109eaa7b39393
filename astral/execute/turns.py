"""A talk of several sendings as one transcript."""

from astral.domain.records import TestCase, Transcript, Usage


def joined(before: Transcript, asked: TestCase, then: Transcript) -> Transcript:
    """One transcript of a talk and what followed.

    Args:
        before: The talk so far, of the original case.
        asked: The messages that were sent then, without the target's own system prompt.
        then: What came of that.
    """
    own = before.messages[: _own_prompt(before, asked)]
    return before.model_copy(
        update={
            "messages": (*own, *asked.messages, *then.said_to(asked)),
            "ending": then.ending,
            "usage": added(before.usage, then.usage),
            "latency_seconds": before.latency_seconds + then.latency_seconds,
            "guarded": (*before.guarded, *then.guarded),
        }
    )


def added(one: Usage, other: Usage) -> Usage:
    """The tokens of both."""
    return Usage(
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        completion_tokens=one.completion_tokens + other.completion_tokens,
    )


def _own_prompt(transcript: Transcript, asked: TestCase) -> int:
    """How many messages of a transcript the target itself put before those of the case."""
    first = asked.messages[0]
    return next((place for place, message in enumerate(transcript.messages) if message == first), 0)
