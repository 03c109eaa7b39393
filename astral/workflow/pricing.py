"""What the models of a run cost."""

from astral.assets import load_prices
from astral.config import Settings
from astral.domain.chat import ModelRole
from astral.domain.price import FREE, Price
from astral.plugins import split_spec

_RUNS_HERE = {"local", "compose", "python"}
"""What runs in this process."""


def price_of(settings: Settings, role: ModelRole) -> Price | None:
    """The price of the model that takes a role; None where it is not known.

    A price of astral.yaml goes over the shipped one. What runs in this process costs nothing. A shipped price is that
    of the provider itself, and says nothing of another server that is named by a base URL.
    """
    model, base_url = _model_of(settings, role)
    own = {_named(name): price for name, price in settings.prices.items()}
    if _named(model) in own:
        return own[_named(model)]
    if split_spec(model)[0] in _RUNS_HERE:
        return FREE
    return None if base_url else load_prices().get(":".join(_named(model)))


def model_of(settings: Settings, role: ModelRole) -> str:
    """The model that takes a role; `local` rewords where the composer has that done."""
    return _model_of(settings, role)[0]


def _model_of(settings: Settings, role: ModelRole) -> tuple[str, str | None]:
    if role is ModelRole.ATTACKER and settings.attacker.model == "compose":
        return ("local" if settings.attacker.reword else "compose"), None
    told = {
        ModelRole.TARGET: settings.target,
        ModelRole.JUDGE: settings.judge,
        ModelRole.ATTACKER: settings.attacker,
    }[role]
    return told.model, told.base_url


def _named(model: str) -> tuple[str, str]:
    """The model's name in whichever spelling: `openai/NAME` is `openai:NAME`."""
    return split_spec(model)
