from hypothesis import given
from hypothesis import strategies as st

from astral.generate.evidence.chunks import passages_of

TEXTS = st.text(st.sampled_from("ab c.\n。ก"), max_size=400)


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(text=TEXTS, size=st.integers(12, 60), overlap=st.integers(0, 5))
def test_no_passage_is_longer_than_allowed(text, size, overlap):
    assert all(len(passage) <= size for passage in passages_of(text, size=size, overlap=overlap))


@given(text=TEXTS, size=st.integers(12, 60))
def test_nothing_but_white_space_is_lost(text, size):
    assert squeezed("".join(passages_of(text, size=size, overlap=0))) == squeezed(text)


@given(text=TEXTS, size=st.integers(12, 60), overlap=st.integers(1, 5))
def test_every_passage_begins_where_the_one_before_it_ends_or_a_little_earlier(text, size, overlap):
    rest = squeezed(text)
    for passage in map(squeezed, passages_of(text, size=size, overlap=overlap)):
        assert any(rest.startswith(passage[repeated:]) for repeated in range(overlap + 1))
        rest = next(rest[len(passage) - n :] for n in range(overlap + 1) if rest.startswith(passage[n:]))
    assert not rest


def test_it_is_cut_between_paragraphs_then_sentences():
    text = "One. Two.\n\nThree is a longer sentence. Four."
    assert list(passages_of(text, size=30, overlap=0)) == ["One. Two.", "Three is a longer sentence.", "Four."]
