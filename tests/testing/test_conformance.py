"""The conformance checks pass what keeps its promises, and catch what breaks each of them."""

import hashlib

import numpy as np
import pytest

from astral.domain.chat import ChatReply
from astral.domain.criterion import Criterion, Progress
from astral.domain.records import (
    AppliedTransform,
    Draw,
    Ending,
    Evidence,
    Message,
    Outcome,
    Transcript,
    Usage,
    Verdict,
    Vote,
)
from astral.domain.sample import Sample
from astral.domain.space import Cell, Dimension, Space, Value
from astral.errors import OracleError
from astral.plan.planner import CoveringPlanner
from astral.testing import HashEmbedder, ScriptedModel, sample_case
from astral.testing.conformance import (
    check_chat_model,
    check_embedder,
    check_evidence_source,
    check_exporter,
    check_generator,
    check_importer,
    check_oracle,
    check_planner,
    check_target,
    check_transform,
)


class Part:
    """A part whose one method is given."""

    def __init__(self, method, function, name="part"):
        self.name = self.description = name
        setattr(self, method, function)


def verdict(case, transcript, **fields):
    vote = Vote(judge="part", outcome=Outcome.SAFE, p_unsafe=0.1)
    base = {"case_id": case.id, "transcript_id": transcript.id, "oracle": "part", "outcome": Outcome.SAFE}
    return Verdict(**{**base, "p_unsafe": 0.1, "votes": (vote,), **fields})


async def test_oracles():
    async def good(case, transcript):
        return verdict(case, transcript)

    async def abstaining(case, transcript):
        raise OracleError("no vote")

    await check_oracle(Part("judge", good))
    await check_oracle(Part("judge", abstaining))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"case_id": "x"}, "another case"),
        ({"transcript_id": "x"}, "another transcript"),
        ({"oracle": "x"}, "another oracle"),
        ({"quotes": ("never said",)}, "does not stand in the response"),
    ],
)
async def test_verdicts_that_break_a_promise(fields, text):
    async def judge(case, transcript):
        return verdict(case, transcript, **fields)

    with pytest.raises(AssertionError, match=text):
        await check_oracle(Part("judge", judge))


async def test_an_oracle_that_raises_anything_else():
    async def judge(case, transcript):
        raise ValueError("no JSON")

    with pytest.raises(AssertionError, match="raises OracleError"):
        await check_oracle(Part("judge", judge))


@pytest.mark.parametrize(
    ("made", "text"),
    [
        ({"case_id": "x"}, "another case"),
        ({"target": "x"}, "another target"),
        ({"messages": (Message(role="assistant", content="hi"),)}, "word by word"),
        ({"messages": (Message(role="user", content="Hello, how are you?"),)}, "holds no answer"),
        ({"ending": Ending.EMPTY}, "holds an answer"),
    ],
)
async def test_targets_that_break_a_promise(made, text):
    async def respond(case):
        messages = (*case.messages, Message(role="assistant", content="hi"))
        base = {"case_id": case.id, "target": "part", "messages": messages, "ending": Ending.ANSWERED}
        return Transcript(**{**base, **made})

    with pytest.raises(AssertionError, match=text):
        await check_target(Part("respond", respond))


async def test_a_thing_that_is_no_target():
    with pytest.raises(AssertionError, match="lacks what a Target has"):
        await check_target(object())


async def test_chat_models():
    await check_chat_model(ScriptedModel(["hello"]))
    too_long = ChatReply(text="x", ending=Ending.ANSWERED, model="m", usage=Usage(prompt_tokens=1, completion_tokens=9))
    with pytest.raises(AssertionError, match="8 were allowed"):
        await check_chat_model(ScriptedModel([too_long]))
    with pytest.raises(AssertionError, match="raises ProviderError"):
        await check_chat_model(ScriptedModel([OSError("reset")]))
    with pytest.raises(AssertionError, match="holds no text"):
        await check_chat_model(ScriptedModel([ChatReply(text=" ", ending=Ending.ANSWERED, model="m")]))


async def test_generators():
    cell = sample_case().cell

    async def good(cell, *, seed):
        case = sample_case(seed=seed)
        return case.model_copy(update={"cell": cell, "lineage": case.lineage.model_copy(update={"generator": "part"})})

    async def deaf(cell, *, seed):
        return sample_case()

    await check_generator(Part("generate", good), cell, seed=4)
    with pytest.raises(AssertionError, match="the lineage names another generator"):
        await check_generator(Part("generate", deaf), cell)
    with pytest.raises(AssertionError, match="was asked for"):
        await check_generator(Part("generate", deaf), Cell(values=(("risk", "other"),)))


def space():
    def dimension(name, count):
        values = tuple(Value(id=f"{name}{number}", name="n", definition="d") for number in range(count))
        return Dimension(id=name, values=values)

    return Space(dimensions=(dimension("a", 3), dimension("b", 3), dimension("c", 2)))


def test_planners():
    check_planner(lambda: CoveringPlanner(space(), Criterion(strength=2), seed=1))
    seeds = iter(range(2))
    with pytest.raises(AssertionError, match="differ"):
        check_planner(lambda: CoveringPlanner(space(), Criterion(strength=2), seed=next(seeds)))


def test_a_planner_that_counts_failures_as_covered():
    class Wrong:
        def __init__(self):
            self.number = self.seen = 0

        def draw(self, limit):
            self.number += limit
            return [Draw(number=self.number - left, cell=space().cell((0, 0, 0))) for left in range(limit)]

        def observe(self, tests):
            self.seen += len(list(tests))

        def take_up(self, draws):
            pass

        def progress(self):
            return Progress(required=100, covered=self.seen, open=100 - self.seen)

    with pytest.raises(AssertionError, match="failed test covers"):
        check_planner(Wrong)


def test_embedders():
    check_embedder(HashEmbedder())

    class Long(HashEmbedder):
        def embed(self, texts, *, kind):
            return 2 * super().embed(texts, kind=kind)

    class Double(HashEmbedder):
        def embed(self, texts, *, kind):
            return super().embed(texts, kind=kind).astype(np.float64)

    with pytest.raises(AssertionError, match="not 1"):
        check_embedder(Long())
    with pytest.raises(AssertionError, match="float32"):
        check_embedder(Double())


def test_the_hash_embedder_puts_common_words_together():
    first, near, far = HashEmbedder().embed(["the red cat sleeps", "the red cat eats", "stocks fell"], kind="query")
    assert first @ near > first @ far + 0.3


class Shouting:
    """A transform of one's own, as a plug-in would have it."""

    name = "shouting"

    def __init__(self, shout=str.upper, **lineage):
        self._shout, self._lineage = shout, lineage

    async def apply(self, case, *, seed):
        applied = AppliedTransform(name=self.name, seed=seed)
        lineage = {"transforms": (*case.lineage.transforms, applied), "plain": case.plain_request, **self._lineage}
        messages = (Message(role="user", content=self._shout(case.request)),)
        return case.model_copy(update={"messages": messages, "lineage": case.lineage.model_copy(update=lineage)})

    def undo(self, case):
        return None


async def test_transforms():
    calls = iter(range(100))
    await check_transform(Shouting())
    for transform, promise in [
        (Shouting(lambda text: f"{text}{next(calls)}"), "two cases"),
        (Shouting(lambda text: ""), "empty"),
        (Shouting(plain=""), "lost the plain request"),
        (Shouting(transforms=()), "names the transforms"),
    ]:
        with pytest.raises(AssertionError, match=promise):
            await check_transform(transform)


async def test_a_transform_that_cannot_be_undone_says_so():
    shouting = Shouting()
    shouting.undo = lambda case: case
    with pytest.raises(AssertionError, match="undoing it"):
        await check_transform(shouting)


async def test_evidence_sources():
    async def good(query, *, cell, limit):
        return [Evidence(text="t", kind="corpus", digest=hashlib.sha256(b"t").hexdigest())] * limit

    async def generous(query, *, cell, limit):
        return await good(query, cell=cell, limit=limit + 1)

    async def failing(query, *, cell, limit):
        raise OSError("no network")

    await check_evidence_source(Part("search", good))
    with pytest.raises(AssertionError, match="were asked for"):
        await check_evidence_source(Part("search", generous))
    with pytest.raises(AssertionError, match="has no passages"):
        await check_evidence_source(Part("search", failing))


def test_exporters_and_importers(tmp_path):
    def export(samples, path, append=False):
        kept = path.read_text() if append else ""
        path.write_text(kept + "".join(f"{sample.model_dump_json()}\n" for sample in samples))
        return []

    def load(path):
        return (Sample.model_validate_json(line) for line in path.read_text().splitlines())

    def forgetful(samples, path, append=False):
        return export(samples, path)

    importer = Part("load", load)
    check_exporter(Part("export", export), tmp_path, importer)
    check_importer(importer, tmp_path / "cases")
    with pytest.raises(AssertionError, match="gave no cases"):
        check_importer(importer, tmp_path / "none")
    with pytest.raises(AssertionError, match="wrote nothing"):
        check_exporter(Part("export", lambda samples, path, append=False: []), tmp_path / "elsewhere")
    with pytest.raises(AssertionError, match="asks something else"):
        check_exporter(
            Part("export", lambda samples, path, append=False: export(list(samples)[:1], path)), tmp_path, importer
        )
    with pytest.raises(AssertionError, match="appended"):
        check_exporter(Part("export", forgetful), tmp_path, importer)
