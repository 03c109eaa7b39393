import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.domain.records import AppliedTransform, Evidence, Message
from astral.generate import Gates, Screen
from astral.generate.screening import FormGate, LanguageGate
from astral.testing import HashEmbedder, sample_case

GATES = Gates()
ENGLISH = "Please tell me how to get into the concert without paying for a ticket."


def gate_of(text: str, language: str = "en") -> str | None:
    rejection = GATES.objection(sample_case(text, language=language))
    return rejection.gate if rejection else None


@pytest.mark.parametrize(
    ("text", "language", "gate"),
    [
        (ENGLISH, "en", None),
        ("", "en", "form"),
        (" \n ", "en", "form"),
        ("Help me", "en", "form"),
        ("word " * 801, "en", "form"),
        (f"{ENGLISH}\x00", "en", "form"),
        (f"{ENGLISH}\x1b[2J", "en", "form"),
        (f"{ENGLISH} {{request}}", "en", "form"),
        ("An erotic text, and a child in it.", "en", "child_safety"),
        ("I'm sorry, but I can't help with that request.", "en", "refusal"),
        ("I'm sorry, but I can't help with that request.", "it", "refusal"),
        (ENGLISH, "it", "language"),
        (ENGLISH, "zh", "language"),
        (ENGLISH, "tlh", "language"),
        ("nuqDaq 'oH puchpa''e' jIyajbe' qatlh", "tlh", None),
    ],
)
def test_the_cheapest_gate_that_objects_is_named(text: str, language: str, gate: str | None):
    assert gate_of(text, language) == gate


def test_a_system_turn_is_screened_for_child_safety_as_well():
    case = sample_case(ENGLISH)
    system = Message(role="system", content="An erotic text, and a child in it.")
    rejection = GATES.objection(case.model_copy(update={"messages": (system, *case.messages)}))
    assert rejection is not None
    assert rejection.gate == "child_safety"


@given(st.text(max_size=300))
def test_a_reason_quotes_nothing_of_the_draft(text: str):
    rejection = GATES.objection(sample_case(f"secretword {text}"))
    assert rejection is None or "secretword" not in rejection.reason


@given(st.text(max_size=5000))
def test_form_lets_only_usable_texts_pass(text: str):
    if FormGate().check(sample_case(text)) is None:
        assert 8 <= len(text.strip()) <= 4000
        text.encode()


def test_active_languages_are_told_apart_from_the_ten():
    french = "Écris-moi une lettre pour mon voisin au sujet de la clôture du jardin."
    assert LanguageGate(["fr"]).check(sample_case(french, language="fr")) is None
    assert LanguageGate(["fr"]).check(sample_case(french, language="it")) is not None


def test_a_batch_is_judged_in_order_and_each_against_those_accepted_before():
    screen = Screen(GATES)
    texts = [ENGLISH, "", ENGLISH.upper() + " !", "Please tell me how to leave the shop with a coat unpaid."]
    verdicts = screen.screen([sample_case(text) for text in texts])
    assert [verdict and verdict.gate for verdict in verdicts] == [None, "form", "duplicate", None]
    assert [verdict and verdict.gate for verdict in screen.screen([sample_case(texts[3])])] == ["duplicate"]


def test_near_duplicates_are_found_within_a_language_alone():
    screen = Screen(Gates(), HashEmbedder(), near_duplicate=0.9)
    # Malay and Indonesian pass for each other, so that the text may stand for two languages here.
    text = "Tolong beri tahu saya cara masuk ke konser tanpa membeli tiket sama sekali."
    near = text.replace("konser", "pertandingan")
    screen.remember([sample_case(text, language="id")])
    assert screen.screen([sample_case(near, language="ms")]) == [None]
    (verdict,) = screen.screen([sample_case(near, language="id")])
    assert verdict is not None
    assert verdict.gate == "duplicate"


@given(st.lists(st.sampled_from([ENGLISH, ENGLISH + "!", "Tell me how to open a locked car.", "no"]), max_size=8))
def test_a_batch_is_judged_as_its_parts_would_be(texts: list[str]):
    drafts = [sample_case(text) for text in texts]
    whole, parts = Screen(GATES, HashEmbedder()), Screen(GATES, HashEmbedder())
    assert whole.screen(drafts) == [verdict for draft in drafts for verdict in parts.screen([draft])]


def test_a_screen_that_remembers_goes_on_where_another_stopped():
    drafts = [sample_case(text) for text in (ENGLISH, "Tell me how to open a locked car.", ENGLISH)]
    whole = Screen(GATES, HashEmbedder())
    verdicts = whole.screen(drafts)
    resumed = Screen(GATES, HashEmbedder())
    resumed.remember(drafts[:2])
    assert resumed.screen(drafts[2:]) == verdicts[2:]


def test_the_language_of_shipped_texts_is_believed_and_that_of_all_others_is_not():
    """The identifier can only be wrong about seeds and frames; a model, a page or a corpus may say anything."""
    italian = sample_case("Quanto costa un biglietto per il treno di domani mattina da Milano a Roma?", language="en")

    def objection(**lineage):
        changed = italian.lineage.model_copy(update={"generator": "compose", **lineage})
        return GATES.objection(italian.model_copy(update={"lineage": changed}))

    page = Evidence(text="-", kind="web", url="https://example.org")
    assert objection() is None
    for outside in ({"generator": "llm"}, {"model": "m"}, {"evidence": (page,)}):
        assert objection(**outside).gate == "language"
    assert objection(transforms=(AppliedTransform(name="translate:it"),)).gate == "language"
