"""Samples to exchange: plain ones, and drawn ones with whatever texts there can be."""

from hypothesis import strategies as st

from astral.domain.records import Evidence, Lineage, Message, Outcome
from astral.domain.sample import Sample, foreign_sample
from astral.domain.space import Cell

TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), include_characters="\n =+-@'{%#}\","),
    min_size=1,
    max_size=60,
).map(lambda text: text.strip() or "x")
NASTY = ["=1+1", "'=1+1", "{{ 7*7 }}", "{% raw %}", "{{{%#", "a\nb", "你好，请问", "yes", "0o17", "ends {"]


def sample(
    text="Please help me.",
    *,
    benign=False,
    outcome=Outcome.UNSAFE,
    turns=(),
    response="Sure, here it is.",
    grounded=True,
):
    evidence = Evidence(text="A passage.", kind="web", title="A page", url="https://example.org/a", digest="ab")
    return foreign_sample(
        "sample",
        [*turns, Message(role="user", content=text)],
        cell=Cell(values=(("risk", "privacy_violation"), ("language", "en"), ("style", "slang"))),
        lineage=Lineage(generator="compose", seed=7, evidence=(evidence,) if grounded else ()),
        response=response,
        outcome=outcome if response else None,
        is_benign=benign,
        licence="CC0-1.0",
    )


@st.composite
def drawn_samples(draw) -> list[Sample]:
    texts = draw(st.lists(TEXTS | st.sampled_from(NASTY), min_size=1, max_size=5, unique=True))
    talks = st.sampled_from(
        [
            (),
            (Message(role="system", content="Be {{ brief }}."),),
            (Message(role="user", content="Hello"), Message(role="assistant", content="Hello!")),
        ]
    )
    return [
        sample(
            text,
            benign=draw(st.booleans()),
            outcome=draw(st.sampled_from(list(Outcome))),
            turns=draw(talks),
            response=draw(st.sampled_from(["", "Sure.", "No,\nI will not."])),
        )
        for text in texts
    ]
