"""What stands for the module `vllm` where there is no GPU: its `LLM` and `SamplingParams`, as far as astral calls them.

The signatures are vLLM's own (vllm/entrypoints/llm.py, vllm/sampling_params.py, vllm/outputs.py); a test holds them
against the package where it is installed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar


@dataclass
class StructuredOutputsParams:
    """How an answer is bound to a schema."""

    json: str | dict[str, Any] | None = None


@dataclass
class SamplingParams:
    """How one answer is drawn."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int | None = None
    max_tokens: int | None = 16
    structured_outputs: StructuredOutputsParams | None = None


@dataclass
class LLM:
    """An engine without a model: `answer` says what it writes, and may raise what an engine raises."""

    model: str
    enable_prefix_caching: bool | None = None
    max_model_len: int | None = None
    answer: ClassVar[Callable[[list[dict[str, Any]], SamplingParams], str]] = lambda messages, sampling: "fine"
    batches: list[int] = field(default_factory=list[int])

    def chat(
        self,
        messages: Sequence[list[dict[str, Any]]],
        sampling_params: Sequence[SamplingParams] | None = None,
        use_tqdm: bool = True,
        lora_request: Any = None,
        chat_template: str | None = None,
    ) -> list[Any]:
        """Answers to several conversations, in their order."""
        self.batches.append(len(messages))
        return [
            self._output(type(self).answer(talk, sampling), sampling)
            for talk, sampling in zip(messages, sampling_params or (), strict=True)
        ]

    def _output(self, text: str, sampling: SamplingParams) -> Any:
        words = text.split()
        written = words[: sampling.max_tokens]
        reason = "length" if len(written) < len(words) else "stop"
        completion = SimpleNamespace(text=" ".join(written), token_ids=[0] * len(written), finish_reason=reason)
        return SimpleNamespace(prompt_token_ids=[0] * 7, outputs=[completion])


def fake_vllm_module(answer: Callable[[list[dict[str, Any]], SamplingParams], str]) -> Any:
    """The module, whose engines write what `answer` gives for messages and sampling parameters."""
    engine = type("LLM", (LLM,), {"answer": staticmethod(answer)})
    sampling = SimpleNamespace(StructuredOutputsParams=StructuredOutputsParams)
    return SimpleNamespace(LLM=engine, SamplingParams=SamplingParams, sampling_params=sampling)
