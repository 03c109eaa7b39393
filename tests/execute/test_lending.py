"""Law 7 for work that is done elsewhere: loans together never exceed the budget, and none spends another's."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.errors import BudgetExceededError
from astral.execute import Budget, Lender, LentBudget
from astral.testing.clock import run_virtually


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2000), st.integers(1, 12), st.integers(0, 10**6))
def test_loans_together_never_exceed_the_budget_lost_ones_among_them(most, pieces, seed):
    dice, budget = random.Random(seed), Budget(max_tokens=most, max_dollars=most / 100)
    spent = 0

    async def piece(lender: Lender) -> None:
        nonlocal spent
        for is_whole in (False, dice.random() < 0.3):
            await asyncio.sleep(dice.random())
            async with lender.loan(share=dice.random() / 2 + 0.01, is_whole=is_whole) as loan:
                assert budget.tokens_left is not None
                tokens = dice.randint(0, loan.tokens)
                spent += tokens
                await asyncio.sleep(dice.random())
                if dice.random() < 0.8:
                    loan.settle(tokens, min(tokens / 100, loan.dollars))
            assert spent <= budget.spent_tokens + budget.reserved_tokens
            assert budget.spent_tokens + budget.reserved_tokens <= most
            assert budget.spent_dollars + budget.reserved_dollars <= most / 100 + 1e-9

    async def all_of_them() -> None:
        lender = Lender(budget)
        await asyncio.gather(*(piece(lender) for _ in range(pieces)))

    run_virtually(all_of_them())
    assert budget.reserved_tokens == 0
    assert spent <= budget.spent_tokens <= most


def test_a_whole_loan_waits_for_all_others_and_gets_what_they_left():
    budget, got = Budget(max_tokens=1000), []

    async def borrow(lender, seconds, spend, *, is_whole):
        async with lender.loan(share=0.25, is_whole=is_whole) as loan:
            got.append(loan.tokens)
            await asyncio.sleep(seconds)
            loan.settle(spend, 0.0)

    async def scene():
        lender = Lender(budget)
        await asyncio.gather(
            borrow(lender, 5, 250, is_whole=False),
            borrow(lender, 9, 100, is_whole=False),
            borrow(lender, 1, 0, is_whole=True),
            borrow(lender, 1, 0, is_whole=False),
        )

    run_virtually(scene())
    assert got == [250, 187, 650, 162]


def test_without_limits_a_loan_has_none_and_what_was_spent_counts():
    budget = Budget()

    async def scene():
        async with Lender(budget).loan(share=0.1) as loan:
            assert (loan.tokens, loan.dollars) == (None, None)
            loan.settle(70, 0.5)

    run_virtually(scene())
    assert (budget.spent_tokens, budget.spent_dollars) == (70, 0.5)


def test_work_on_two_loans_at_a_time_spends_each_its_own():
    lent, small, large = LentBudget(), Budget(max_tokens=10), Budget(max_tokens=1000)

    async def spend(budget, calls):
        with lent.spending(budget):
            for _ in range(calls):
                await asyncio.sleep(0)
                lent.reserve(7).settle(7)

    async def scene():
        return await asyncio.gather(spend(small, 1), spend(large, 100), spend(small, 1), return_exceptions=True)

    ends = run_virtually(scene())
    assert [type(each) for each in ends] == [type(None), type(None), BudgetExceededError]
    assert (small.spent_tokens, large.spent_tokens) == (7, 700)


def test_who_was_lent_nothing_cannot_spend():
    with pytest.raises(LookupError):
        LentBudget().reserve(1)
