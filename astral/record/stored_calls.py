"""The part of the store that knows what models were asked."""

from sqlalchemy import func, select

from astral.domain.records import Usage
from astral.domain.run import Call
from astral.record.access import Access
from astral.record.rows import call_of
from astral.record.tables import calls


class StoredCalls(Access):
    """The calls of models: intents, replies, and what they cost."""

    def call(self, run_id: str, key: str) -> Call | None:
        """The first reply to the call of this key, or the intent where none came; None where it was never made."""
        same = select(calls).where(calls.c.run_id == run_id, calls.c.key == key)
        with self._reading() as connection:
            row = connection.execute(same.order_by(calls.c.reply.is_(None), calls.c.position).limit(1)).first()
        return None if row is None else call_of(row)

    def answered(self, run_id: str) -> list[str]:
        """The keys of all calls of a run that have a reply."""
        query = select(calls.c.key).where(calls.c.run_id == run_id, calls.c.reply.is_not(None))
        with self._reading() as connection:
            return list(connection.scalars(query))

    def calls_of(self, run_id: str, role: str) -> list[Call]:
        """The calls of a run in a role, in the order of arrival; the same key may be there several times."""
        query = select(calls).where(calls.c.run_id == run_id, calls.c.role == role).order_by(calls.c.position)
        with self._reading() as connection:
            return [call_of(row) for row in connection.execute(query)]

    def unanswered(self, run_id: str, *, broken: str) -> list[tuple[Call, int]]:
        """The intents of calls that neither were answered nor broke off, as far as the record knows.

        Args:
            run_id: The run.
            broken: What the key of a call ends with that broke off.

        Returns:
            Each with the number of processes that were killed while it was in flight before.
        """
        answered = select(calls.c.key).where(calls.c.run_id == run_id, calls.c.reply.is_not(None))
        query = select(calls).where(calls.c.run_id == run_id, calls.c.reply.is_(None), calls.c.key.not_in(answered))
        with self._reading() as connection:
            intents = [call_of(row) for row in connection.execute(query.order_by(calls.c.position))]
            ended: dict[str, list[str]] = {}
            for row in connection.execute(
                select(calls.c.key, calls.c.reply).where(calls.c.run_id == run_id, calls.c.key.endswith(broken))
            ):
                ended.setdefault(row.key.removesuffix(broken), []).append(row.reply)
        ends = [(intent, ended.get(intent.key, [])) for intent in intents]
        # One that broke off on its own is over; one that was killed before may have been under way again.
        return [(intent, len(known)) for intent, known in ends if all('"before"' in reply for reply in known)]

    def usage(self, run_id: str) -> dict[str, Usage]:
        """The tokens of all calls of a run that have a reply, by role."""
        prompt, completion = (
            func.sum(column).label(name)
            for name, column in (("prompt", calls.c.prompt_tokens), ("completion", calls.c.completion_tokens))
        )
        paid = (calls.c.run_id == run_id) & calls.c.reply.is_not(None)
        query = select(calls.c.role, prompt, completion).where(paid).group_by(calls.c.role).order_by(calls.c.role)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return {row.role: Usage(prompt_tokens=row.prompt, completion_tokens=row.completion) for row in rows}
