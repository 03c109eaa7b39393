"""Calls that are sent together, and answered within a day at a lower price."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pydantic import Field

from astral.domain.base import Noun
from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Usage
from astral.errors import ProviderError


class Batch(Noun):
    """Calls that were sent together to one model."""

    mark: str
    """Our own name of it, by which it is found again where its id was lost."""
    created: datetime
    """UTC: when it was about to be sent."""
    rows: Mapping[str, Usage] = Field(min_length=1)
    """The most that each call can cost, by the call's key."""
    id: str = ""
    """The provider's name; empty where nobody knows whether it arrived."""


class BatchProgress(Noun):
    """How far a provider is with a batch."""

    is_over: bool
    done: int = Field(ge=0)
    total: int = Field(ge=0)


RowResults = Mapping[str, ChatReply | ProviderError]
"""What came of the calls of a batch, by their keys."""


class BatchEndpoint(Protocol):
    """A model that takes many calls together; each method is one request of the provider, or a few."""

    name: str
    is_lasting: bool
    """A batch outlives the process that sent it, and is there for whoever resumes the run."""

    async def submit(self, mark: str, rows: Sequence[tuple[str, ChatRequest]]) -> str:
        """Send a batch; its id at the provider.

        Raises:
            ProviderError: It was not taken, or nobody knows.
            UserError: The key or the model's name is wrong.
        """
        ...

    async def find(self, batch: Batch) -> str | None:
        """The id of a batch of which it is not known whether it arrived; None where it did not.

        Raises:
            ProviderError: The provider did not say.
        """
        ...

    async def look(self, batch_id: str) -> BatchProgress:
        """How far a batch is.

        Raises:
            ProviderError: The provider did not say.
        """
        ...

    async def results(self, batch_id: str) -> RowResults:
        """What came of each call of a batch that is over; a call may be missing.

        Raises:
            ProviderError: The results could not be had, or the batch was refused as a whole.
        """
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
