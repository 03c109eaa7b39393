"""What the models of a run cost."""

from collections.abc import Mapping
from typing import TypeAlias

from astral.assets import load_prices
from astral.config import Settings
from astral.domain.chat import ModelRole
from astral.domain.price import FREE, Price
from astral.domain.records import Usage
from astral.errors import UserError
from astral.plugins import split_spec
from astral.workflow.attackers import chat_models, generator_specs
from astral.workflow.batches import is_batched

_RUNS_HERE = {"local", "compose", "mutate", "evolve", "python", "exec", "vllm-offline"}
"""What runs in this process."""
_MODERATION = "moderation"
"""OpenAI's moderation endpoint asks no money: https://developers.openai.com/api/docs/guides/moderation."""

Prices: TypeAlias = Mapping[str, Price | None]
"""What the models of a run cost, by role; None where it is not known."""


def dollars_of(used: Mapping[str, Usage], prices: Prices) -> float:
    """What was used, in US dollars, as far as prices are known."""
    return sum(price.dollars(used[role]) for role, price in prices.items() if price and role in used)


def price_of(settings: Settings, role: ModelRole) -> Price | None:
    """The price of the model that takes a role; None where it is not known.

    A price of astral.yaml goes over the shipped one. What runs in this process costs nothing. A shipped price is that
    of the provider itself, and says nothing of another server that is named by a base URL.
    """
    prices = [price_of_model(settings, role, model) for model in dict.fromkeys(_priced(settings, role))]
    known = [price for price in prices if price is not None]
    if len(known) < len(prices):
        return None
    if len(known) == 1:
        return known[0]
    # Any of several attackers may write, and any judge of a cascade or jury may answer at most length: the dearest
    # bounds them all.
    return Price(input=max(price.input for price in known), output=max(price.output for price in known))


def model_of(settings: Settings, role: ModelRole) -> str:
    """The model that takes a role, or the models; `local` rewords where the composer has that done."""
    return ", ".join(_models_of(settings, role))


def prices_by_role(settings: Settings) -> dict[str, Price | None]:
    """What the models of a run cost, those of a composite judge and a translator among them; see `price_of`.

    Raises:
        UserError: The budget is one of money, and a price is not known.
    """
    asked = settings
    if translator := settings.attacker.translator:
        models = (*(chat_models(settings) or ["compose"]), translator)
        asked = settings.model_copy(update={"attacker": settings.attacker.model_copy(update={"model": models})})
    taken = [role for role in ModelRole if role is not ModelRole.GUARD or settings.target.guard]
    roles = {role: price_of(asked if role is ModelRole.ATTACKER else settings, role) for role in taken}
    unknown = [model for role in taken for model in _priced(asked, role) if price_of_model(asked, role, model) is None]
    if settings.budget.dollars is not None and unknown:
        raise UserError(
            f"A budget of money holds only where every price is known, and that of {', '.join(unknown)} is not. Name "
            f'it in astral.yaml: `prices: {{"{unknown[0]}": {{input: 1.0, output: 2.0}}}}`, in US dollars for a '
            "million tokens."
        )
    return {role.value: price for role, price in roles.items()}


def price_of_model(settings: Settings, role: ModelRole, model: str) -> Price | None:
    """The price of one model in a role; None where it is not known. In batches it is half. See `price_of`."""
    price = _list_price(settings, role, model)
    return price.in_batches if price and is_batched(settings, role, model) else price


def _list_price(settings: Settings, role: ModelRole, model: str) -> Price | None:
    base_url = settings.endpoint(role).base_url
    own = {_named(name): price for name, price in settings.prices.items()}
    if _named(model) in own:
        return own[_named(model)]
    if split_spec(model)[0] in {*_RUNS_HERE, _MODERATION}:
        return FREE
    return None if base_url else load_prices().get(":".join(_named(model)))


def _models_of(settings: Settings, role: ModelRole) -> list[str]:
    if role is ModelRole.ATTACKER:
        models = chat_models(settings)
        return models or (["local"] if settings.attacker.reword else list(generator_specs(settings)))
    if role is ModelRole.GUARD:
        from astral.workflow.judges import guard_spec

        return [guard_spec(settings.target.guard)[1]] if settings.target.guard else []
    return [settings.judge.model if role is ModelRole.JUDGE else settings.target.model]


def _priced(settings: Settings, role: ModelRole) -> list[str]:
    """The models whose calls are paid for in a role: of a judge those that it asks, if any."""
    # The judges' factories ask for prices themselves.
    from astral.workflow.judges import models_asked

    return (models_asked(settings) or ["local"]) if role is ModelRole.JUDGE else _models_of(settings, role)


def _named(model: str) -> tuple[str, str]:
    """The model's name in whichever spelling: `openai/NAME` is `openai:NAME`."""
    return split_spec(model)
