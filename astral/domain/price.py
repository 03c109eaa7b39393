"""What a model costs."""

import datetime

from pydantic import Field

from astral.domain.base import Noun
from astral.domain.records import Usage

TOKENS_PRICED = 1_000_000
BATCH_DISCOUNT = 0.5
"""Share of the list price that a batch costs less, at OpenAI and Anthropic alike.

Source:
    https://developers.openai.com/api/docs/guides/batch,
    https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""


OLD_DAYS = 90
"""Age in days from which a price is worth a look at its source: list prices change a few times a year."""


class Price(Noun):
    """A model's price, in US dollars for a million tokens."""

    input: float = Field(ge=0, allow_inf_nan=False)
    """Of prompts."""
    output: float = Field(ge=0, allow_inf_nan=False)
    """Of answers."""
    date: datetime.date | None = None
    """When the source was read; None where the price is the user's own."""
    source: str = ""

    def dollars(self, usage: Usage) -> float:
        """What so many tokens cost, in US dollars."""
        return (self.input * usage.prompt_tokens + self.output * usage.completion_tokens) / TOKENS_PRICED

    def age_days(self, today: datetime.date) -> int:
        """Days since its source was read; 0 for a price of the user's own."""
        return max(0, (today - self.date).days) if self.date else 0

    @property
    def in_batches(self) -> "Price":
        """The price of the same tokens in a batch."""
        rest = 1 - BATCH_DISCOUNT
        return self.model_copy(update={"input": rest * self.input, "output": rest * self.output})


FREE = Price(input=0, output=0)
"""What runs here, without a provider, costs no money."""


_DIME = 0.1


def money(dollars: float) -> str:
    """US dollars, in as many digits as say something: `$12.30`, `$0.0042`."""
    return f"${dollars:,.2f}" if dollars >= _DIME or dollars == 0 else f"${dollars:.4f}"
