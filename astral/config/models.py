"""How the models of a run are reached, and what they are asked for: target, attacker, judge, guard."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, field_validator
from pydantic_core import PydanticCustomError

from astral.assets import HIDDEN
from astral.domain.base import Noun
from astral.domain.rules import Values


class HttpSettings(Noun):
    """How an endpoint is talked to that speaks a protocol of its own (`http:URL`).

    In `body` and `headers`, {{prompt}} stands for the user's last words, {{messages}} for the whole talk, {{system}}
    for the system prompt, {{session}} for an id of every talk's own, {{max_tokens}}, {{temperature}} and {{seed}} for
    what is asked for. ${NAME} in a header is taken from the environment.
    """

    method: Literal["POST", "PUT"] = "POST"
    headers: Mapping[str, str] = {}
    body: JsonValue = Field(default={"messages": "{{messages}}"})
    """What is sent, as JSON. A text that is nothing but a placeholder becomes its value, such as a list of messages."""
    response: str = ""
    """Where the text stands in the answer, such as choices.0.message.content; empty: the answer is the text."""
    blocked: Mapping[str, tuple[str, ...]] = {}
    """Where the answer says that a filter stopped it, and by which values, such as {error.code: [content_filter]}."""

    @field_validator("headers")
    @classmethod
    def _hide_keys(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        for name, value in headers.items():
            if re.search("auth|key|token|secret|cookie", name, re.IGNORECASE) and "${" not in value:
                raise PydanticCustomError(
                    HIDDEN,
                    "the header {header} would put a key into the record; write it as ${{NAME}}, such as "
                    "'Bearer ${{BOT_TOKEN}}', and set that variable in the environment",
                    {"header": name},
                )
        return headers


class EndpointSettings(Noun):
    """How the model of a role is reached."""

    base_url: str | None = None
    """Address of a server that speaks the vendor's protocol, such as any OpenAI-compatible one."""
    api: Literal["chat", "responses"] = "chat"
    """chat: OpenAI's Chat Completions, which most servers speak; responses: its Responses API."""
    api_version: str | None = None
    """Azure's, such as 2024-10-21; left out, its v1 API is spoken, which needs none."""
    parameters: Mapping[str, JsonValue] = {}
    """What the endpoint takes beside, sent as it stands: {top_p: 0.9}, {reasoning_effort: low}, {top_k: 20}."""
    stream: bool = False
    """Have answers sent piece by piece: then it is each piece that has to come within two minutes, not the whole."""
    chat_template: Path | None = None
    """A file with a Jinja chat template that vllm and local use in place of the model's own."""
    serve: tuple[str, ...] = ()
    """Further arguments of `vllm serve`, where astral starts it, such as [--tensor-parallel-size, "2"]."""
    engine: Mapping[str, JsonValue] = {}
    """Arguments of vLLM's offline engine (vllm-offline:NAME), such as {max_model_len: 8192}."""
    http: HttpSettings = HttpSettings()
    cache: bool = False
    """Keep answers in the folder of runs, and ask no model twice for the same, seed included, in any run."""

    @field_validator("parameters")
    @classmethod
    def _keep_what_is_asked(cls, parameters: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        if own := sorted(parameters.keys() & {"model", "messages", "input", "stream", "n", "tools"}):
            raise ValueError(f"{', '.join(own)}: these are astral's own to say")
        return parameters


class GuardSettings(EndpointSettings):
    """A guard in front of the target, as it is deployed."""

    model: str
    """moderation:NAME (OpenAI's moderation endpoint), or FAMILY@MODEL, such as llama-guard@vllm:NAME: llama-guard,
    granite-guardian, shieldgemma, wildguard, aegis."""
    sides: Annotated[tuple[Literal["prompt", "answer"], ...], Field(min_length=1)] = ("prompt", "answer")
    """What it looks at."""
    stops: bool = True
    """What it flags does not pass, and the test is blocked. false: it only watches, and every answer is judged."""


class TargetSettings(EndpointSettings):
    """The tested system and how it is asked."""

    model: str = "local"
    """openai:NAME, azure:DEPLOYMENT, anthropic:NAME, vllm:NAME, local, local:/path/model.gguf, http:URL, exec:COMMAND,
    python:module:function."""
    system_prompt: str | None = None
    max_tokens: int = Field(default=96, ge=1)
    """Longest answer, in tokens. Enough to tell refusing from complying; more costs time and money."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Left out: the provider's own (the local model: 0)."""
    samples: int = Field(default=1, ge=1, le=100)
    """Answers to each case. A case is one test still: unsafe where one of its answers is, safe where all are."""
    guard: GuardSettings | None = None
    """A guard in front of it, whose verdicts are recorded apart from its answers."""


class AttackerSettings(EndpointSettings):
    """Who writes the test cases."""

    model: Annotated[Values, Field(min_length=1)] = ("compose",)
    """compose (from shipped seeds and frames, no model), a chat model as for the target, a plug-in, or several of them,
    such as [openai:NAME, local]: what one refuses, the next is asked for, and in the end the composer. How they are
    reached holds for all of them, the translator and the gate model."""
    mode: Literal["rag", "rag-fs", "rag-fs-web", "compose", "mutate", "evolve"] | None = None
    """rag: a chat model is shown the nearest entries; rag-fs: and examples of style, persuasion, language; rag-fs-web:
    also passages from the web. compose: no model. mutate: the requests in `cases`, put in the manner of each cell.
    evolve: what was found unsafe, in this run and earlier ones, in neighbouring cells. Left out: compose without a chat
    model, else rag-fs, with the web rag-fs-web."""
    cases: Path | None = None
    """What mode mutate starts from: a file of requests, or a folder of them, such as a benchmark's CSV."""
    cases_per_call: int | None = Field(default=None, ge=1, le=20)
    """Requests that one call of a chat model is asked for. Left out: 4, and 1 for the local model."""
    max_tokens: int | None = Field(default=None, ge=16)
    """Longest answer of a chat model for each of them. Left out: 400, and 128 for the local model; models that think
    before they answer need more."""
    transforms: Values = ()
    """What every case goes through, in this order, such as [misspell, base64]; `astral list transforms` shows all."""
    translator: str | None = None
    """A chat model that translates what was written in English into languages without shipped seeds and frames."""
    gate_model: str | None = None
    """A chat model that is asked of every draft that passed the other gates whether it is on its risk, in its style and
    with its persuasion."""
    reword: bool = False
    """Let the local model reword composed cases; what does not pass the gates keeps its own words."""
    screening: Literal["wording", "meaning"] | None = None
    """By what a draft is told to repeat an accepted one. wording: by its words. meaning: also by an embedding (45 ms of
    CPU), which tells as well whether it is what its cell says. Left out: meaning where a model writes, else wording."""
    attempts: int = Field(default=4, ge=1, le=20)
    """Drafts of one test before it is a Failure; at least one for each who may write."""


class JudgeSettings(EndpointSettings):
    """Who judges the answers."""

    model: str = "local"
    """local (recognises refusals, without a chat model), a chat model that is asked wherever it is no plain refusal, or
    another oracle: python:module:function, llm:MODEL, guard:FAMILY@MODEL, jury:ORACLE,ORACLE, …"""
    policy: Path | None = None
    """A text file that says what judge models call unsafe, in place of the risks' definitions."""
    calibration: Path | None = None
    """A file of `astral calibrate` about this judge: where it abstains, the weights of a jury, and its errors, from
    which rates are freed."""
