"""The laws of DESIGN that the record keeps."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.coverage import Coverage
from astral.domain.records import Control, Ending, Failure, Outcome, Result, Usage, Vote
from astral.domain.run import Call
from astral.record import Entry
from astral.record.text import noun_of, text_of

LAWS = settings(max_examples=40, deadline=None)

# What became of a test: verdict, blocked, failed, or still under way after so many parts.
fates = st.one_of(
    st.sampled_from(list(Outcome)),
    st.sampled_from([Result.BLOCKED, Result.FAILED]),
    st.integers(0, 2),
)
histories = st.lists(st.tuples(fates, st.none() | st.sampled_from(list(Control)), st.integers(0, 5)), max_size=12)


def drawn(make, history):
    return [
        make.draw(number, cell=make.cells[cell], control=control) for number, (_, control, cell) in enumerate(history)
    ]


def items_of(make, history):
    for number, (fate, _, _) in enumerate(history):
        yield Entry(number, make.drafting(number))
        parts = [Entry(number, make.case(number)), Entry(number, make.transcript(number))]
        if isinstance(fate, Outcome):
            yield from [*parts, Entry(number, make.verdict(number, fate))]
        elif fate is Result.BLOCKED:
            yield from [parts[0], Entry(number, make.transcript(number, Ending.BLOCKED))]
        elif fate is Result.FAILED:
            yield from [*parts, Failure(number=number, stage="judge", error="OracleError", message="no vote")]
        else:
            yield from parts[:fate]


def fold(make, history):
    return Coverage.of(
        (make.cells[cell], fate) for fate, control, cell in history if isinstance(fate, Outcome) and control is None
    )


def recorded(make, store, history):
    run_id = make.new_run(store)
    store.open_round(run_id, 0, drawn(make, history))
    store.write(run_id, items_of(make, history))
    return run_id


@LAWS
@given(first=histories, second=histories)
def test_coverage_of_the_record_is_the_fold_of_what_was_written(make, shared_store, first, second):
    one, other = recorded(make, shared_store, first), recorded(make, shared_store, second)
    assert shared_store.coverage(one) == fold(make, first)
    assert shared_store.coverage(one, other) == fold(make, first + second) == fold(make, first) + fold(make, second)


@LAWS
@given(
    history=histories, unjudged=st.lists(st.tuples(st.sampled_from([Result.BLOCKED, Result.FAILED]), st.integers(0, 5)))
)
def test_failures_and_blocks_never_change_coverage(make, shared_store, history, unjudged):
    longer = history + [(fate, None, cell) for fate, cell in unjudged]
    assert shared_store.coverage(recorded(make, shared_store, longer)) == fold(make, history)


@LAWS
@given(data=st.data(), history=histories)
def test_writing_again_in_any_order_and_any_batches_changes_nothing(make, shared_store, data, history):
    once = recorded(make, shared_store, history)
    items = list(items_of(make, history)) * 2
    shuffled = data.draw(st.permutations(items))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(items)), max_size=4)))
    again = make.new_run(shared_store)
    for _ in range(2):
        shared_store.open_round(again, 0, data.draw(st.permutations(drawn(make, history))))
        for start, end in zip([0, *cuts], [*cuts, len(items)], strict=True):
            shared_store.write(again, shuffled[start:end])
    assert list(shared_store.tests(again)) == list(shared_store.tests(once))
    assert shared_store.coverage(again) == shared_store.coverage(once)


@LAWS
@given(history=histories)
def test_the_list_of_runs_counts_endings_as_the_domain_does(make, shared_store, history):
    run_id = recorded(make, shared_store, history)
    tests = list(shared_store.tests(run_id))
    assert list(shared_store.ends(run_id)) == [(test.draw, test.result, test.case_id) for test in tests]
    counted = Counter(test.result for test in tests if test.draw.control is None)
    (summary,) = [each for each in shared_store.runs() if each.run_id == run_id]
    assert dict(summary.counts) == {ending: counted[ending] for ending in Result}
    assert summary.drawn == counted.total()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=8,
)


@LAWS
@given(
    text=st.text(st.characters(exclude_categories=["Cs"])),
    latency=st.floats(min_value=0, allow_infinity=False),
    reply=json_values.filter(lambda reply: reply is not None),
)
def test_what_a_model_sent_comes_back_as_it_was(make, shared_store, text, latency, reply):
    """Any sign, infinities, and the lone surrogates that a model's JSON can hold."""
    run_id = make.new_run(shared_store)
    shared_store.open_round(run_id, 0, [make.draw(0, probability=0.1)])
    case, transcript = make.case(0, text), make.transcript(0, text=text, latency_seconds=latency)
    call = Call(key="0/target/0", role="target", reply=reply)
    failure = Failure(number=0, stage="judge", error="E", message=f"{text}\ud800")
    shared_store.write(run_id, [Entry(0, case), Entry(0, transcript), failure, call])
    (test,) = shared_store.tests(run_id)
    assert (test.draw, test.case, test.transcript) == (make.draw(0, probability=0.1), case, transcript)
    assert test.failure == failure
    assert (test.case.id, test.transcript.id) == (case.id, transcript.id)
    assert list(shared_store.cases(run_id)) == [(0, case)]
    assert shared_store.call(run_id, call.key) == call


@given(parameters=st.dictionaries(st.text(st.characters()), json_values, max_size=3))
def test_json_within_a_noun_comes_back_as_it_was(parameters):
    vote = Vote(judge="j", outcome="SAFE", p_unsafe=0, parameters=parameters)
    assert noun_of(Vote, text_of(vote), where="") == vote


@LAWS
@given(data=st.data(), tokens=st.lists(st.none() | st.integers(0, 9), max_size=8))
def test_usage_is_the_sum_over_replies_in_whatever_order_intents_and_replies_come(make, shared_store, data, tokens):
    intents = [Call(key=f"{key}", role="judge") for key in range(len(tokens))]
    replies = [
        intent.model_copy(update={"reply": "r", "usage": Usage(prompt_tokens=count, completion_tokens=1)})
        for intent, count in zip(intents, tokens, strict=True)
        if count is not None
    ]
    run_id = make.new_run(shared_store)
    for item in data.draw(st.permutations(intents + replies * 2)):
        shared_store.write(run_id, [item])
    paid = [count for count in tokens if count is not None]
    expected = {"judge": Usage(prompt_tokens=sum(paid), completion_tokens=len(paid))} if paid else {}
    assert shared_store.usage(run_id) == expected
