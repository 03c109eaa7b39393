"""Factories of the formats, as the entry points `astral.exporter` and `astral.importer` name them."""

from collections.abc import Callable
from typing import TypeVar

from astral.exchange import tables
from astral.exchange.deepteam import DeepTeam
from astral.exchange.garak import Garak
from astral.exchange.hugging_face import HuggingFace
from astral.exchange.inspect_ai import InspectAi
from astral.exchange.json_lines import JsonLines, OpenAiEvals
from astral.exchange.lm_eval import LmEval
from astral.exchange.promptfoo import Promptfoo
from astral.exchange.pyrit import Pyrit
from astral.exchange.training import FineTuning, GuardPairs, Preferences

Format = TypeVar("Format")


def _factory(make: Callable[[], Format]) -> Callable[[object, str], Format]:
    """What an entry point is to name; no format needs settings or an argument."""
    return lambda _context, _argument: make()


jsonl = _factory(JsonLines)
csv = _factory(lambda: tables.CSV)
harmbench = _factory(lambda: tables.HARMBENCH)
strongreject = _factory(lambda: tables.STRONGREJECT)
jailbreakbench = _factory(lambda: tables.JAILBREAKBENCH)
ailuminate = _factory(lambda: tables.AILUMINATE)
openai_evals = _factory(OpenAiEvals)
promptfoo = _factory(Promptfoo)
inspect = _factory(InspectAi)
garak = _factory(Garak)
pyrit = _factory(Pyrit)
deepteam = _factory(DeepTeam)
lm_eval = _factory(LmEval)
huggingface = _factory(HuggingFace)
sft = _factory(FineTuning)
dpo = _factory(Preferences)
guard = _factory(GuardPairs)
