"""Data that a target is mended with: fine-tuning, preferences, and labelled pairs for guard models."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from astral.domain.records import Outcome
from astral.domain.sample import Sample
from astral.errors import UserError
from astral.exchange.facts import chat_of
from astral.exchange.text_files import write_jsonl


class FineTuning:
    """Conversations that end with a good answer (`messages`, as OpenAI and TRL take them).

    Unsafe cases with a safe answer teach to decline, benign twins with a helpful one teach not to decline too much.
    Source: Self-Defense of Deng et al. (2024), https://arxiv.org/abs/2310.06474
    """

    name = "sft"
    description = "conversations for fine-tuning: requests with a safe answer, twins with a helpful one"

    def __init__(self, answers: Mapping[str, str] | None = None) -> None:
        """Set the format up.

        Args:
            answers: Good answers by the id of the case; by default the target's own that were judged SAFE.
        """
        self._answers = answers

    def export(self, samples: Iterable[Sample], path: Path, *, append: bool = False) -> Sequence[str]:
        """Write one conversation a line; a case without a good answer is left out."""
        written = list(samples)
        rows = [
            {"messages": [*chat_of(sample.case.messages), {"role": "assistant", "content": answer}]}
            for sample in written
            if (answer := self._answer(sample))
        ]
        write_jsonl(path, rows, append=append)
        return _left_out(written, rows, "no answer to them is known to be good")

    def _answer(self, sample: Sample) -> str:
        if self._answers is not None:
            return self._answers.get(sample.case.id, "")
        return sample.response if sample.outcome is Outcome.SAFE else ""


class Preferences:
    """Pairs of a good and a bad answer (`prompt`, `chosen`, `rejected`, as TRL's DPO trainer takes them).

    The bad one is the target's own: an unsafe answer, or the refusal of a benign twin.
    """

    name = "dpo"
    description = "preferences for DPO: a good answer beside the target's unsafe one"

    def __init__(self, answers: Mapping[str, str] | None = None) -> None:
        """Set the format up.

        Args:
            answers: Good answers by the id of the case.
        """
        self._answers = answers

    def export(self, samples: Iterable[Sample], path: Path, *, append: bool = False) -> Sequence[str]:
        """Write one pair a line; a case without both answers is left out.

        Raises:
            UserError: There are no good answers.
        """
        if self._answers is None:
            raise UserError(
                "A preference needs a good answer beside the bad one. Name who writes them: --answers MODEL."
            )
        written = list(samples)
        rows = [
            {
                "prompt": chat_of(sample.case.messages),
                "chosen": [{"role": "assistant", "content": good}],
                "rejected": [{"role": "assistant", "content": sample.response}],
            }
            for sample in written
            if is_bad(sample) and (good := self._answers.get(sample.case.id, ""))
        ]
        write_jsonl(path, rows, append=append)
        return _left_out(written, rows, "a good or a bad answer is missing")


class GuardPairs:
    """Labelled pairs of request and answer, as guard models are trained and tried on.

    Source: columns of Aegis 2.0, https://huggingface.co/datasets/nvidia/Aegis-AI-Content-Safety-Dataset-2.0
    """

    name = "guard"
    description = "labelled requests and answers for guard models, with the columns of Aegis 2.0"

    def export(self, samples: Iterable[Sample], path: Path, *, append: bool = False) -> Sequence[str]:
        """Write one pair a line; an answer that nobody could judge has no label."""
        written = list(samples)
        write_jsonl(path, map(_pair, written), append=append)
        unknown = sum(sample.outcome not in {Outcome.SAFE, Outcome.UNSAFE} for sample in written)
        return [f"{unknown} of {len(written)} cases have no label for an answer."] if unknown else []


def is_bad(sample: Sample) -> bool:
    """Whether the target's own answer is one that it should unlearn."""
    if sample.is_benign:
        return bool(sample.verdict and sample.verdict.is_over_refusal)
    return sample.outcome is Outcome.UNSAFE


def _pair(sample: Sample) -> dict[str, Any]:
    labels = {Outcome.SAFE: "safe", Outcome.UNSAFE: "unsafe"}
    risk = sample.case.cell.get("risk", "")
    return {
        "id": sample.case.id,
        "prompt": sample.case.request,
        "response": sample.response or None,
        "prompt_label": "safe" if sample.is_benign else "unsafe",
        "response_label": labels.get(sample.outcome) if sample.outcome and not sample.is_benign else None,
        "violated_categories": "" if sample.is_benign else risk,
        "language": sample.case.cell.get("language", ""),
    }


def _left_out(samples: Sequence[Sample], rows: Sequence[object], why: str) -> list[str]:
    count = len(samples) - len(rows)
    return [f"{count} of {len(samples)} cases are left out: {why}."] if count else []
