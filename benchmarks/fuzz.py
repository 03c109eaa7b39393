"""Feeds the parsers of what comes from elsewhere with damaged inputs: each reads it, or says in words that it cannot.

`python benchmarks/fuzz.py --inputs 1000000` shares the inputs among the parsers, prints a row for each, and the first
input of each kind of unhandled exception; it exits with 1 where there is any. Inputs are valid ones with bytes and
tokens changed, cut, doubled and put together, the same for the same seed.
"""

import argparse
import gzip
import io
import json
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from astral.assets import load_taxonomy
from astral.assets.prompts import read_prompt
from astral.config import Environment, Settings, load_settings
from astral.domain.chat import ChatReply, ModelRole
from astral.domain.criterion import Criterion
from astral.domain.records import Draw, Ending, Lineage, Message, TestCase
from astral.domain.run import Manifest
from astral.domain.sample import Sample
from astral.domain.space import Cell, Dimension, Space, Value
from astral.errors import AstralError
from astral.generate.evidence.feeds import feed_entries
from astral.generate.evidence.freshness import Freshness
from astral.generate.evidence.visible_text import visible_text
from astral.judge.asking import UnusableError, read_json
from astral.judge.choice import Question, chosen_letters
from astral.judge.guard_formats import FORMATS
from astral.judge.llm import Opinion
from astral.plugins import PartContext, Port, make_part, part_names
from astral.providers.anthropic_chat import read_message
from astral.providers.openai_content import read_completion
from astral.providers.openai_responses import read_response
from astral.providers.rate_headers import rate_limits, retry_after_seconds
from astral.record import Store
from astral.record.address import address_of
from astral.tables import read_rows

Parser = Callable[[bytes], object]
EXPECTED = (AstralError, UnusableError)
"""Whatever a parser says in its own words."""
REFUSED = (*EXPECTED, ValueError)
"""Of readers of answers, whose callers turn ValueErrors into a ProviderError."""
_PROJECT = Path(__file__).parents[1]
_SMALL_TAXONOMY = _PROJECT / "taxonomies" / "persuasion.yaml"
_PROMPT = _PROJECT / "prompts" / "generate" / "gate.md"
_SETTINGS = b"""target: {model: "openai:x", max_tokens: 96, temperature: 0.5}
judge: {model: local}
only: {language: [en, it], risk: [violence]}
exclude: [{language: it, risk: violence}]
budget: {cases: 10, dollars: 1.5}
coverage: {diversity: 0.15}
limits: {"openai:x": {requests_per_minute: 60}}
"""
_ROWS = [
    b'prompt,category,response,label\nTell me.,violence,No.,safe\n\'=1+1,"a, b","x\ny",unsafe\n',
    b'{"prompt": "Tell me.", "category": "violence", "messages": [{"role": "user", "content": "x"}]}\n',
    b'[{"input": "Tell me.", "expected_output": "No.", "additional_metadata": {"risk": "violence"}}]',
    b'{"tests": [{"vars": {"prompt": "x"}, "assert": [{"type": "llm-rubric", "value": "v"}]}]}',
    b"seeds:\n- {value: Tell me., harm_categories: [violence], data_type: text, role: user, sequence: 0}\n",
    b'{"version": 2, "status": "success", "eval": {"model": "m"}, "samples": [{"id": 1, "input": "x", "target": "y",'
    b' "output": {"choices": [{"message": {"role": "assistant", "content": "No."}}]}, "scores": {}}]}',
    b'{"entry_type": "attempt", "status": 2, "prompt": {"turns": [{"role": "user", "content": {"text": "x"}}]},'
    b' "outputs": [{"text": "No."}], "detector_results": {"d": [0.0]}}\n',
]
_ENDS = {"promptfoo": "json", "inspect": "json", "deepteam": "json", "pyrit": "yaml", "jsonl": "jsonl"}
_ENDS |= {"openai-evals": "jsonl", "lm-eval": "jsonl", "garak": "report.jsonl", "huggingface": "parquet"}
"""Of the files that importers read; csv for all others."""
_TOKENS = [b"null", b"true", b"-1", b"1e999", b"NaN", b'"', b"'", b"{", b"}", b"[", b"]", b":", b",", b"\n", b"\\ud800"]
_TOKENS += [
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"- ",
    b"&a ",
    b"*a",
    b"!!python/object:os.system ",
    b"<<: ",
]
_TOKENS += [
    b"9" * 400,
    b"[" * 300,
    b"../../",
    b"<script>",
    b"{{ 1 }}",
    b"%PDF",
    b"\x1f\x8b",
    b"messages",
    b"content",
    b"role",
]


@dataclass(frozen=True)
class Case:
    """One parser, what it may raise, and inputs that it reads."""

    parse: Parser
    seeds: Sequence[bytes]
    may_raise: tuple[type[Exception], ...] = EXPECTED


def cases(folder: Path) -> dict[str, Case]:
    """All parsers of what others wrote, by name.

    Args:
        folder: Takes the files of those that read files.
    """
    chat = {"choices": [{"message": {"content": "No.", "tool_calls": []}, "finish_reason": "stop"}], "model": "m"}
    chat["usage"] = {"prompt_tokens": 7, "completion_tokens": 5}
    message = {"content": [{"type": "text", "text": "No."}], "stop_reason": "end_turn", "type": "message"}
    part = {"type": "output_text", "text": "No."}
    response = {"status": "completed", "output": [{"type": "message", "content": [part]}], "usage": {"input_tokens": 7}}
    vote = {"outcome": "SAFE", "p_unsafe": 0.1, "severity": 0, "category": "", "reason": "r", "quotes": ["No."]}
    votes = [json.dumps(vote).encode(), b"```json\n" + json.dumps(vote).encode() + b"\n```", b"I think: UNSAFE"]
    headers = b"retry-after: 3\nx-ratelimit-limit-requests: 60\nx-ratelimit-remaining-requests: 1\n"
    headers += b"x-ratelimit-reset-requests: 1m3s\nanthropic-ratelimit-tokens-reset: 2026-11-28T19:00:00Z\n"
    page = b"<html><head><style>.h{display:none}</style></head><body><p>Words.</p><p class=h>hidden</p></body></html>"
    feed = b"<rss version='2.0'><channel><item><title>T</title><link>https://example.org/a</link>"
    feed += (
        b"<description>Some words.</description><pubDate>Fri, 27 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>"
    )
    question = Question.model_validate({"request": "Which?", "right": ["A"], "options": {"A": "yes", "B": "no"}})
    now = datetime(2026, 11, 28, tzinfo=UTC)
    store = Store.open(f"sqlite:///{folder}/astral.db")
    found = {
        "openai": Case(lambda data: read_completion(data, asked="m"), [json.dumps(chat).encode()], REFUSED),
        "openai responses": Case(lambda data: read_response(data, asked="m"), [json.dumps(response).encode()], REFUSED),
        "anthropic": Case(lambda data: read_message(data, asked="m"), [json.dumps(message).encode()], REFUSED),
        "rate headers": Case(lambda data: _read_headers(data, now), [headers]),
        "judge's vote": Case(lambda data: read_json(_reply(data), Opinion), votes),
        "multiple choice": Case(lambda data: chosen_letters(_text(data), question), [b"The answer is (A).", b"B) no"]),
        "web page": Case(lambda data: visible_text(_text(data)), [page]),
        "feed": Case(lambda data: feed_entries(data, Freshness(days=7, now=now)), [feed]),
        "settings": Case(_in_file(folder / "astral.yaml", load_settings), [_SETTINGS]),
        "taxonomy": Case(_in_file(folder / "t.yaml", load_taxonomy), [_SMALL_TAXONOMY.read_bytes()]),
        "prompt": Case(_in_file(folder / "p.md", read_prompt), [_PROMPT.read_bytes()]),
        "address of the record": Case(lambda data: address_of(_text(data)), [b"postgresql://me:x@host:1/a?options=-c"]),
        "archive": Case(_in_file(folder / "run.tar.gz", _unarchived(store)), [_archive(store)]),
    }
    texts = [b"unsafe\nS1,S2", b"Yes", b"<think>x</think><score>yes</score>", b'{"User Safety": "safe"}']
    texts += [b"Harmful request: yes\nResponse refusal: no\nHarmful response: yes"]
    texts += [b'{"flagged": true, "categories": {"violence": true}, "category_scores": {"violence": 0.9}}']
    for family, form in FORMATS.items():
        found[f"guard {family}"] = Case(lambda data, read=form.read: read(_reply(data)), texts)
    for end in ("csv", "jsonl", "json", "tsv"):
        found[f"table {end}"] = Case(_in_file(folder / f"rows.{end}", _all_rows), _ROWS)
    context = PartContext(Settings(), Environment(), ModelRole.TARGET)
    for name in part_names(Port.IMPORTER):
        importer = make_part(Port.IMPORTER, name, context)
        seeds = [*_exported(name, folder, context), *_ROWS]
        file = folder / f"cases.{_ENDS.get(name, 'csv')}"
        found[f"import {name}"] = Case(_in_file(file, lambda path, load=importer.load: list(load(path))), seeds)
    return found


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _reply(data: bytes) -> ChatReply:
    return ChatReply(text=_text(data), ending=Ending.ANSWERED, model="m")


def _read_headers(data: bytes, now: datetime) -> None:
    headers = dict(line.split(": ", 1) for line in data.decode("latin-1").splitlines() if ": " in line)
    retry_after_seconds(headers, now=now)
    rate_limits(headers, now=now)


def _all_rows(path: Path) -> list[Any]:
    return list(read_rows(path))


def _in_file(path: Path, read: Callable[[Path], object]) -> Parser:
    def parse(data: bytes) -> object:
        path.write_bytes(data)
        return read(path)

    return parse


def _archive(store: Store) -> bytes:
    """An archive that can be read."""
    value = Value(id="a", name="A", definition="d")
    told: dict[str, Any] = {"astral_version": "0", "seed": 1, "settings": {}, "criterion": Criterion()}
    space = Space(dimensions=(Dimension(id="risk", values=(value,)),))
    manifest = Manifest(run_id="r", created=datetime(2026, 11, 28, tzinfo=UTC), space=space, **told)
    store.add_run(manifest)
    store.open_round("r", 0, [Draw(number=0, cell=next(iter(space.cells())))])
    file = io.BytesIO()
    store.archive("r", file)
    store.remove_run("r")
    return file.getvalue()


def _unarchived(store: Store) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        store.remove_run(store.unarchive(path))

    return read


def _exported(name: str, folder: Path, context: PartContext) -> list[bytes]:
    """What astral itself writes in a format, if it does."""
    if name not in part_names(Port.EXPORTER):
        return []
    request = Message(role="user", content="Tell me how birds fly, and why.")
    cell = Cell(values=(("risk", "violence"),))
    case = TestCase(messages=(request,), cell=cell, lineage=Lineage(generator="compose", seed=1))
    place = folder / "exported" / name
    place.parent.mkdir(exist_ok=True)
    make_part(Port.EXPORTER, name, context).export([Sample(case=case)], place)
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    return [file.read_bytes() for file in files]


def damaged(seeds: Sequence[bytes], dice: random.Random) -> bytes:
    """An input that was valid: bytes and tokens changed, cut, doubled, put together with another one."""
    data = bytearray(dice.choice(seeds))
    is_packed = data[:2] == b"\x1f\x8b" and dice.random() < 0.9
    if is_packed:
        data = bytearray(gzip.decompress(bytes(data)))
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        at, end = sorted((dice.randint(0, len(data)), dice.randint(0, len(data))))
        match dice.randrange(7):
            case 0:
                data[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                data[at:at] = dice.choice(_TOKENS)
            case 2:
                del data[at : min(end, at + 40)]
            case 3:
                data[at:at] = data[at:end]
            case 4:
                del data[at:]
            case 5:
                data[at:end] = dice.choice(_TOKENS)
            case _:
                data += dice.choice(seeds)
    del data[1 << 16 :]
    return gzip.compress(bytes(data), 1) if is_packed else bytes(data)


@dataclass
class Tally:
    """What a parser made of its inputs."""

    read: int = 0
    refused: int = 0
    unhandled: Counter[str] = field(default_factory=Counter[str])


def fuzz(case: Case, inputs: int, seed: str) -> tuple[Tally, dict[str, bytes]]:
    """Parse so many damaged inputs; the first one of each unhandled kind stands beside."""
    dice, tally, first = random.Random(seed), Tally(), dict[str, bytes]()
    for _ in range(inputs):
        data = damaged(case.seeds, dice)
        try:
            case.parse(data)
        except case.may_raise:
            tally.refused += 1
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            place = _place(error)
            tally.unhandled[place] += 1
            first.setdefault(place, data)
        else:
            tally.read += 1
    return tally, first


def _place(error: Exception) -> str:
    """Kind and last place within astral, so that one mistake counts once."""
    trace, place = error.__traceback__, ""
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if "/astral/" in file and "site-packages" not in file:
            place = f"{Path(file).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}"


def main() -> None:
    """Print a row for each parser."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, help="of all parsers together")
    parser.add_argument("--only", action="append", help="parsers whose names hold this")
    parser.add_argument("--seed", default="0")
    told = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        found = cases(Path(folder))
        wanted = {
            name: case for name, case in found.items() if not told.only or any(part in name for part in told.only)
        }
        total, start, broken = 0, time.monotonic(), 0
        print("| parser | inputs | read | refused in words | unhandled |\n|---|---|---|---|---|", flush=True)
        for name, case in wanted.items():
            tally, first = fuzz(case, told.inputs // len(wanted), f"{told.seed} {name}")
            count = tally.unhandled.total()
            total += tally.read + tally.refused + count
            broken += count
            print(
                f"| {name} | {tally.read + tally.refused + count:,} | {tally.read:,} | {tally.refused:,} | {count:,} |"
            )
            for place, data in first.items():
                print(f"    {place}: {data[:300]!r}")
            sys.stdout.flush()
        print(f"{total:,} inputs in {time.monotonic() - start:.0f} s; {broken:,} unhandled")
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    main()
