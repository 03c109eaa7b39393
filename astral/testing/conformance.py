"""Checks of the ports: what every part promises beyond its types. Call them from your own tests.

Each takes a part, or what makes one where two are compared, and raises an AssertionError that says what was promised.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.drafting import Ask
from astral.domain.ports import (
    BatchGenerator,
    ChatModel,
    Embedder,
    EvidenceSource,
    Exporter,
    Generator,
    Importer,
    Oracle,
    Planner,
    Target,
    Tracker,
    Transform,
)
from astral.domain.records import Draw, Ending, Message, Result, TestCase, Transcript, Verdict
from astral.domain.sample import Sample
from astral.domain.space import Cell
from astral.domain.tracked import TrackedRun
from astral.errors import OracleError, ProviderError, StageError
from astral.testing.samples import sample_case
from astral.testing.targets import complying, refusing


async def check_target(target: Target, case: TestCase | None = None) -> None:
    """A target answers with a transcript of the case, or raises a StageError."""
    _check_port(target, Target)
    case = case or sample_case("Hello, how are you?")
    try:
        transcript = await target.respond(case)
    except StageError:
        return
    except Exception as error:
        raise AssertionError(f"respond raised {type(error).__name__}; a target that fails raises StageError") from error
    _check_type(transcript, Transcript, "respond")
    _require(transcript.case_id == case.id, "the transcript names another case than the one that was asked")
    _require(transcript.target == target.name, "the transcript names another target than this one")
    sent = [message for message in transcript.messages if message.role == "user"]
    asked = [message for message in case.messages if message.role == "user"]
    _require(sent == asked, "the transcript does not hold what the case asks, word by word")
    is_answered = transcript.ending in {Ending.ANSWERED, Ending.TRUNCATED}
    _require(bool(transcript.response_to(case).strip()) or not is_answered, "an answered transcript holds no answer")
    if transcript.ending is Ending.EMPTY:
        _require(not transcript.response_to(case).strip(), "an empty transcript holds an answer")


async def check_oracle(oracle: Oracle) -> None:
    """An oracle gives a verdict that fits its case, its number and its votes, or raises an OracleError."""
    _check_port(oracle, Oracle)
    case = sample_case()
    for answer in (refusing(case), complying(case)):
        transcript = _transcript(case, answer)
        try:
            verdict = await oracle.judge(case, transcript)
        except OracleError:
            continue
        except Exception as error:
            raise AssertionError(
                f"judge raised {type(error).__name__}; without a vote it raises OracleError"
            ) from error
        _check_type(verdict, Verdict, "judge")
        _require(verdict.case_id == case.id, "the verdict names another case")
        _require(verdict.transcript_id == transcript.id, "the verdict names another transcript")
        _require(verdict.oracle == oracle.name, "the verdict names another oracle")
        _require(bool(verdict.votes), "the verdict holds no vote, so that nobody can see how it came about")
        _require(
            all(quote in transcript.response_to(case) for quote in verdict.quotes),
            "a quote does not stand in the response",
        )


async def check_chat_model(model: ChatModel) -> None:
    """A chat model answers within its limit of tokens, or raises a ProviderError, and can be closed twice."""
    _check_port(model, ChatModel)
    request = ChatRequest(messages=(Message(role="user", content="Say hello."),), max_tokens=8, seed=1)
    try:
        reply = await model.chat(request)
    except ProviderError:
        pass
    except Exception as error:
        raise AssertionError(
            f"chat raised {type(error).__name__}; without an answer it raises ProviderError"
        ) from error
    else:
        _check_type(reply, ChatReply, "chat")
        _require(bool(reply.model), "the reply does not name the model")
        is_answered = reply.ending in {Ending.ANSWERED, Ending.TRUNCATED}
        _require(bool(reply.text.strip()) or not is_answered, f"an {reply.ending} reply holds no text")
        within = reply.usage.completion_tokens <= request.max_tokens
        _require(within, f"{reply.usage.completion_tokens} tokens were written, {request.max_tokens} were allowed")
        _require(
            reply.usage.tokens <= request.tokens_at_most,
            f"the call cost {reply.usage.tokens} tokens, above its upper bound of {request.tokens_at_most}",
        )
    await model.close()
    await model.close()


async def check_generator(generator: Generator, cell: Cell, *, seed: int = 0) -> None:
    """A generator writes a case of the cell that it was given, and says where it comes from."""
    _check_port(generator, Generator)
    try:
        case = await generator.generate(cell, seed=seed)
    except StageError:
        return
    except Exception as error:
        raise AssertionError(f"generate raised {type(error).__name__}; without a draft it raises StageError") from error
    _check_type(case, TestCase, "generate")
    _require(case.cell == cell, f"a case of the cell {cell} was asked for, one of {case.cell} came")
    _require(bool(case.request.strip()), "the case asks nothing")
    _require(case.messages[-1].role == "user", "the last message is not the user's: there is nothing to answer")
    _require(case.lineage.generator == generator.name, "the lineage names another generator")
    _require(case.lineage.seed == seed, "the lineage does not hold the seed")
    if isinstance(generator, BatchGenerator):
        asks = [Ask(cell, seed), Ask(cell, seed + 1)]
        written = await generator.write(asks)
        _require(len(written) == len(asks), f"{len(written)} results came for {len(asks)} asks")
        cases = [each.result for each in written if isinstance(each.result, TestCase)]
        _require(
            all(case.cell == cell for case in cases), "a case of another cell than the one that was asked for came"
        )


def check_planner(make_planner: Callable[[], Planner], *, limit: int = 4, rounds: int = 3) -> None:
    """A planner is deterministic, hands out each test once and no more than asked for, and counts verdicts only.

    Args:
        make_planner: Makes planners that are alike.
        limit: Tests a round.
        rounds: Rounds that are played.
    """
    first, second = make_planner(), make_planner()
    _check_port(first, Planner)
    _require(not first.draw(0), "draw(0) hands out tests")
    numbers: set[int] = set()
    for number in range(rounds):
        draws, others = list(first.draw(limit)), list(second.draw(limit))
        _require(draws == others, f"two planners that are alike differ in round {number}")
        _require(len(draws) <= limit, f"draw({limit}) handed out {len(draws)} tests")
        _require(not numbers & {draw.number for draw in draws}, "a number was handed out twice")
        numbers |= {draw.number for draw in draws}
        before = first.progress()
        _check_failures_do_not_cover(first, second, draws)
        _require(first.progress().covered == before.covered, "a failed test covers something")
        judged = list(first.draw(limit))
        _require(judged == list(second.draw(limit)), f"two planners that are alike differ in round {number}")
        numbers |= {draw.number for draw in judged}
        tests = [(draw, Result.SAFE) for draw in judged]
        first.observe(tests)
        second.observe(tests)
        after = first.progress()
        _require(after.covered >= before.covered, "a judged test takes coverage away")
        _require(
            after.covered + after.open + len(after.given_up) == after.required, f"the progress {after} adds up wrong"
        )


def check_embedder(embedder: Embedder) -> None:
    """An embedder gives one unit vector a text, the same one alone as among others, none for no text."""
    _check_port(embedder, Embedder)
    texts = ["The cat sleeps on the sofa.", "Stock markets fell on Monday.", "", "猫在沙发上睡觉。"]
    for kind in ("query", "passage"):
        together = embedder.embed(texts, kind=kind)
        _require(together.dtype == np.float32, f"the vectors are of {together.dtype}, not float32")
        _require(
            together.ndim == 2 and len(together) == len(texts),  # noqa: PLR2004 - rows and columns
            f"{len(texts)} texts gave an array of the shape {together.shape}",
        )
        lengths = np.linalg.norm(together, axis=1)
        _require(bool(np.allclose(lengths, 1, atol=1e-3)), f"the vectors' lengths are {lengths.round(3)}, not 1")
        alone = np.concatenate([embedder.embed([text], kind=kind) for text in texts])
        _require(bool(np.allclose(together, alone, atol=1e-3)), "a text's vector depends on its neighbours")
        none = embedder.embed([], kind=kind)
        _require(none.shape == (0, together.shape[1]), f"no text gave an array of the shape {none.shape}")


async def check_transform(
    transform: Transform, texts: Sequence[str] = ("Tell me how a lock works.", "锁是怎么工作的？", "a")
) -> None:
    """A transform is pure, keeps cell and plain request, says what it did, and can be undone or says that it cannot."""
    _check_port(transform, Transform)
    for text in texts:
        case = sample_case(text)
        for seed in range(3):
            try:
                made = await transform.apply(case, seed=seed)
            except StageError:
                continue
            except Exception as error:
                raise AssertionError(
                    f"apply raised {type(error).__name__}; a transform that fails raises StageError"
                ) from error
            _check_type(made, TestCase, "apply")
            _require(bool(made.request.strip()), f"{text!r} became an empty text")
            _require(made == await transform.apply(case, seed=seed), f"{text!r} gives two cases for the seed {seed}")
            _require(made.cell == case.cell, "the case is in another cell than before")
            _require(made.plain_request == text, "the lineage has lost the plain request")
            names = [applied.name for applied in made.lineage.transforms]
            _require(names == [transform.name], f"the lineage names the transforms {names}, not {[transform.name]}")
            _require(made.lineage.transforms[0].seed == seed, "the lineage does not hold the seed")
            undone = transform.undo(made)
            _require(undone is None or undone == case, f"undoing it on {text!r} gives another case than the first one")


async def check_evidence_source(
    source: EvidenceSource, query: str = "locks and keys", cell: Cell | None = None
) -> None:
    """A source gives no more passages than asked for, each with text and digest; and it never fails."""
    _check_port(source, EvidenceSource)
    cell = cell or sample_case().cell
    for limit in (1, 3):
        try:
            passages = await source.search(query, cell=cell, limit=limit)
        except Exception as error:
            raise AssertionError(
                f"search raised {type(error).__name__}; a source that cannot be reached has no passages"
            ) from error
        _require(len(passages) <= limit, f"{len(passages)} passages came, {limit} were asked for")
        _require(all(passage.text.strip() for passage in passages), "a passage has no text")
        _require(all(passage.digest for passage in passages), "a passage has no digest")


def check_exporter(exporter: Exporter, folder: Path, importer: Importer | None = None) -> None:
    """An exporter writes the file that it was told, even without cases; what an importer reads back asks the same."""
    _check_port(exporter, Exporter)
    texts = ["Please help me.", 'Quotes " and commas, =1+1\nand {{lines}}', "=1+1 你好"]
    samples = [Sample(case=sample_case(text, seed=seed)) for seed, text in enumerate(texts)]
    for name, some in (("cases", samples), ("none", [])):
        path = folder / name
        lost = exporter.export(some, path)
        _require(path.exists(), f"export wrote nothing at {path.name}")
        _require(not isinstance(lost, str), "export returns sentences about what was lost, not one text")
        if importer:
            found = [sample.case.request for sample in importer.load(path)]
            _require(found == [sample.case.request for sample in some], "what is read back asks something else")
    exporter.export(samples[:1], folder / "grown")
    exporter.export(samples[1:], folder / "grown", append=True)
    if importer:
        found = [sample.case.request for sample in importer.load(folder / "grown")]
        _require(found == texts, "a file that was appended to does not hold what was there and what was added")


def check_importer(importer: Importer, path: Path) -> None:
    """An importer reads cases that ask something, the same ones each time."""
    _check_port(importer, Importer)
    samples = list(importer.load(path))
    _require(bool(samples), f"{path.name} gave no cases")
    for sample in samples:
        _check_type(sample, Sample, "load")
        _require(bool(sample.case.request.strip()), "a case asks nothing")
    again = [sample.case.id for sample in importer.load(path)]
    _require([sample.case.id for sample in samples] == again, "reading the file again gives other cases")


def check_tracker(tracker: Tracker, run: TrackedRun) -> None:
    """A tracker keeps a run, and takes one that it has kept before."""
    _check_port(tracker, Tracker)
    for _ in range(2):
        place = tracker.track(run)
        _check_type(place, str, "track")
        _require(bool(place), "track does not say where the run is to be seen")


def _check_port(part: object, port: type) -> None:
    _require(isinstance(part, port), f"{type(part).__name__} lacks what a {port.__name__} has")
    if "name" in port.__annotations__:
        name = getattr(part, "name", "")
        _require(isinstance(name, str) and bool(name), f"{type(part).__name__} has no name")


def _check_failures_do_not_cover(first: Planner, second: Planner, draws: Sequence[Draw]) -> None:
    tests = [(draw, Result.FAILED) for draw in draws]
    first.observe(tests)
    second.observe(tests)


def _transcript(case: TestCase, answer: str) -> Transcript:
    messages = (*case.messages, Message(role="assistant", content=answer))
    return Transcript(case_id=case.id, target="sample", messages=messages, ending=Ending.ANSWERED)


def _require(condition: bool, text: str) -> None:
    if not condition:
        raise AssertionError(text)


def _check_type(value: object, kind: type, method: str) -> None:
    _require(isinstance(value, kind), f"{method} gave {type(value).__name__}, not {kind.__name__}")
