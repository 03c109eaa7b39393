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
    assert kept.nearest(signature(text)) == 0
    kept.append(signature(text))
    assert signature(text).shape == (HASHES,)
    assert kept.nearest(signature(text)) == 1


def test_the_estimate_is_close_to_the_true_similarity():
    text = "".join(f"sentence{number}says{number * 7919 % 997}" for number in range(60))
    for cut in (20, 100, 300, 500):
        kept = Signatures()
        kept.append(signature(text))
        assert abs(kept.nearest(signature(text[cut:])) - jaccard(text, text[cut:])) < 0.12


@given(st.lists(WORDS.map("".join), max_size=100), WORDS.map("".join))
def test_looking_in_parts_is_looking_at_all(texts: list[str], asked: str):
    kept = Signatures()
    for text in texts:
        kept.append(signature(text))
    row = signature(asked)
    for cut in (0, len(texts) // 2, len(texts)):
        first = Signatures()
        for text in texts[:cut]:
            first.append(signature(text))
        assert kept.nearest(row) == max(first.nearest(row), kept.nearest(row, since=cut))
