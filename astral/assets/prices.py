"""The list of prices."""

from collections.abc import Mapping
from functools import cache

from astral.assets.folders import asset_folder
from astral.assets.yaml_files import read_model
from astral.domain.base import Noun
from astral.domain.price import Price


class PriceFile(Noun):
    """`prices/models.yaml`: what models cost, each with a date and a source."""

    prices: Mapping[str, Price]


@cache
def load_prices() -> Mapping[str, Price]:
    """The shipped prices by model, such as `openai:gpt-5-mini`; a model that is not there has no known price."""
    return read_model(asset_folder("prices") / "models.yaml", PriceFile).prices
