"""What the models of a run cost."""

from astral.assets import load_prices
from astral.config import AttackerSettings, JudgeSettings, Settings, TargetSettings
from astral.domain.chat import ModelRole
from astral.domain.price import FREE, Price
from astral.plugins import split_spec
from astral.workflow.attackers import chat_models, generator_specs
from astral.workflow.judges import models_asked

_RUNS_HERE = {"local", "compose", "mutate", "evolve", "python", "exec"}
"""What runs in this process."""


def price_of(settings: Settings, role: ModelRole) -> Price | None:
    """The price of the model that takes a role; None where it is not known.

    A price of astral.yaml goes over the shipped one. What runs in this process costs nothing. A shipped price is that
    of the provider itself, and says nothing of another server that is named by a base URL.
    """
    models = models_asked(settings) if role is ModelRole.JUDGE else []
    prices = [_price(settings, role, model) for model in dict.fromkeys(models or _models_of(settings, role))]
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


def _price(settings: Settings, role: ModelRole, model: str) -> Price | None:
    base_url = _settings_of(settings, role).base_url
    own = {_named(name): price for name, price in settings.prices.items()}
    if _named(model) in own:
        return own[_named(model)]
    if split_spec(model)[0] in _RUNS_HERE:
        return FREE
    return None if base_url else load_prices().get(":".join(_named(model)))


def _models_of(settings: Settings, role: ModelRole) -> list[str]:
    if role is ModelRole.ATTACKER:
        models = chat_models(settings)
        return models or (["local"] if settings.attacker.reword else list(generator_specs(settings)))
    return [settings.judge.model if role is ModelRole.JUDGE else settings.target.model]


def _settings_of(settings: Settings, role: ModelRole) -> TargetSettings | AttackerSettings | JudgeSettings:
    told = {
        ModelRole.TARGET: settings.target,
        ModelRole.JUDGE: settings.judge,
        ModelRole.ATTACKER: settings.attacker,
    }
    return told[role]


def _named(model: str) -> tuple[str, str]:
    """The model's name in whichever spelling: `openai/NAME` is `openai:NAME`."""
    return split_spec(model)
