import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.assets import load_prices
from astral.domain.price import Price
from astral.domain.records import Usage

prices = st.builds(Price, input=st.floats(0, 100), output=st.floats(0, 100))
usages = st.builds(Usage, prompt_tokens=st.integers(0, 10**7), completion_tokens=st.integers(0, 10**7))


@pytest.mark.parametrize("model", load_prices())
def test_shipped_prices_have_a_day_and_a_source(model):
    price = load_prices()[model]
    assert model.partition(":")[0] in {"openai", "anthropic"}
    assert 0 < price.input <= price.output
    assert price.date <= datetime.datetime.now(datetime.UTC).date()
    assert price.source.startswith("https://")


def test_a_million_tokens_cost_what_the_list_says():
    price = Price(input=0.25, output=2)
    assert price.dollars(Usage(prompt_tokens=1_000_000)) == 0.25
    assert price.dollars(Usage(completion_tokens=1_000_000)) == 2


@given(prices, usages, usages)
def test_the_price_of_two_calls_is_the_sum_of_theirs(price, one, other):
    both = Usage(
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        completion_tokens=one.completion_tokens + other.completion_tokens,
    )
    assert price.dollars(both) == pytest.approx(price.dollars(one) + price.dollars(other))
