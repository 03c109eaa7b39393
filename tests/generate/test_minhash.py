from hypothesis import given
from hypothesis import strategies as st

from astral.generate.minhash import HASHES, SHINGLE, Signatures, signature

WORDS = st.lists(
    st.sampled_from(
        ["alder", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine", "rowan", "yew"]
    ),
    min_size=1,
)


def jaccard(first: str, second: str) -> float:
    one, other = ({text[at : at + SHINGLE] for at in range(len(text) - SHINGLE + 1)} for text in (first, second))
    return len(one & other) / len(one | other)


@given(st.text(max_size=200))
def test_a_text_is_wholly_like_itself_and_a_signature_has_one_size(text: str):
    kept = Signatures()
    assert kept.nearest(signature(text), at_least=0) == 0
    kept.append(signature(text))
    assert signature(text).shape == (HASHES,)
    assert kept.nearest(signature(text), at_least=0) == 1


def test_the_estimate_is_close_to_the_true_similarity():
    text = "".join(f"sentence{number}says{number * 7919 % 997}" for number in range(60))
    for cut in (20, 100, 300, 500):
        kept = Signatures()
        kept.append(signature(text))
        assert abs(kept.nearest(signature(text[cut:]), at_least=0) - jaccard(text, text[cut:])) < 0.12


def texts_in(texts: list[str]) -> Signatures:
    kept = Signatures()
    for text in texts:
        kept.append(signature(text))
    return kept


@given(st.lists(WORDS.map("".join), max_size=100), WORDS.map("".join))
def test_looking_in_parts_is_looking_at_all(texts: list[str], asked: str):
    kept, row = texts_in(texts), signature(asked)
    for cut in (0, len(texts) // 2, len(texts)):
        first = texts_in(texts[:cut]).nearest(row, at_least=0)
        assert kept.nearest(row, at_least=0) == max(first, kept.nearest(row, at_least=0, since=cut))


@given(st.lists(WORDS.map("".join), max_size=100), WORDS.map("".join), st.floats(0, 1))
def test_what_is_too_far_counts_as_nothing_and_all_else_as_it_is(texts: list[str], asked: str, least: float):
    kept, row = texts_in(texts), signature(asked)
    nearest = kept.nearest(row, at_least=0)
    assert kept.nearest(row, at_least=least) == (nearest if nearest >= least else 0)
