"""What is written in another tool's format can be read again, and what it cannot hold is said."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from astral.config import Settings
from astral.domain.records import Message
from astral.errors import UserError
from astral.exchange.facts import Fact
from astral.exchange.text_files import as_it_was, defused
from astral.plugins import Port, part_names
from astral.testing.conformance import check_exporter
from astral.workflow.exchanging import exporter_of, importer_of
from tests.exchange.samples import NASTY, TEXTS, drawn_samples, sample

ROUND_TRIPS = {
    "csv", "jsonl", "huggingface", "promptfoo", "inspect", "pyrit", "openai-evals",
}  # fmt: skip
"""Formats with room for everything about a case, whatever its turns are."""
BOTH_WAYS = sorted(set(part_names(Port.EXPORTER)) & set(part_names(Port.IMPORTER)))


def parts(name):
    return exporter_of(Settings(), name), importer_of(Settings(), name)


def end_of(name):
    return {"promptfoo": ".yaml", "csv": ".csv", "jsonl": ".jsonl", "openai-evals": ".jsonl", "pyrit": ".yaml"}.get(
        name, ".csv" if name in {"harmbench", "strongreject", "jailbreakbench", "ailuminate"} else ".json"
    )


class Named:
    """A format whose files have the suffix that it reads."""

    def __init__(self, name):
        self.exporter, self.importer = parts(name)
        self.name, self.description, self.end = name, self.exporter.description, end_of(name)
        self.is_folder = name in {"inspect", "garak", "lm-eval", "huggingface"}

    def place(self, path):
        return path if self.is_folder else path.with_suffix(self.end)

    def export(self, samples, path, *, append=False):
        lost = self.exporter.export(samples, self.place(path), append=append)
        path.touch()  # the check looks for the name that it gave
        return lost

    def load(self, path):
        return self.importer.load(self.place(path))


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_a_format_keeps_its_contract(name, tmp_path):
    check_exporter(Named(name), tmp_path, Named(name))


@pytest.mark.parametrize("name", sorted(ROUND_TRIPS))
@settings(max_examples=25, deadline=None)
@given(samples=drawn_samples())
def test_cases_come_back_as_they_were(name, samples):
    with tempfile.TemporaryDirectory() as folder:
        made = Named(name)
        made.export(samples, Path(folder) / "file")
        found = list(made.load(Path(folder) / "file"))
    assert [each.case.messages for each in found] == [each.case.messages for each in samples]
    assert [each.case.cell for each in found] == [each.case.cell for each in samples]
    assert [each.is_benign for each in found] == [each.is_benign for each in samples]
    assert [each.licence for each in found] == [each.licence for each in samples]
    assert [[page.url for page in each.case.lineage.evidence] for each in found] == [
        [page.url for page in each.case.lineage.evidence] for each in samples
    ]


@given(samples=drawn_samples())
@settings(max_examples=25, deadline=None)
def test_astral_s_own_format_loses_nothing(samples):
    with tempfile.TemporaryDirectory() as folder:
        exporter, importer = parts("jsonl")
        assert exporter.export(samples, Path(folder) / "a.jsonl") == []
        assert list(importer.load(Path(folder) / "a.jsonl")) == samples


@given(cell=TEXTS)
def test_no_cell_is_a_formula_and_each_comes_back(cell):
    assert not defused(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert as_it_was(defused(cell)) == cell


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@A1", "'=1"])
def test_a_formula_is_defused(text):
    assert defused(text) == f"'{text}"


def test_a_system_message_is_not_lost_where_there_is_no_role_for_it(tmp_path):
    asked = sample("two", turns=(Message(role="system", content="Be brief."),))
    assert parts("deepteam")[0].export([asked], tmp_path / "a.json") == [f"1 of 1 cases {Fact.SYSTEM.value}."]
    (found,) = parts("deepteam")[1].load(tmp_path / "a.json")
    assert [message.content for message in found.case.messages] == ["Be brief.", "two"]


def test_what_a_format_cannot_hold_is_counted(tmp_path):
    samples = [
        sample("one"),
        sample("two", turns=(Message(role="system", content="Be brief."),)),
        sample("three", benign=True),
    ]
    lost = parts("harmbench")[0].export(samples, tmp_path / "a.csv")
    assert f"1 of 3 cases {Fact.TURNS.value}." in lost
    assert f"1 of 3 cases {Fact.BENIGN.value}." in lost
    assert f"3 of 3 cases {Fact.OUTCOME.value}." in lost


def test_passages_of_others_stay_behind_but_their_address_travels(tmp_path):
    for name in ("csv", "promptfoo", "openai-evals", "deepteam"):
        path = (tmp_path / name).with_suffix(end_of(name))
        parts(name)[0].export([sample()], path)
        text = path.read_text(encoding="utf-8")
        assert "https://example.org/a" in text
        assert "A passage." not in text


def test_files_are_private(tmp_path):
    for name in part_names(Port.EXPORTER):
        if name != "dpo":
            exporter_of(Settings(), name).export([sample()], tmp_path / name)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= len(part_names(Port.EXPORTER)) - 1
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_preferences_pair_a_good_answer_with_the_bad_one(tmp_path):
    from astral.exchange import Preferences

    bad, declined = sample("one"), sample("two", response="No.", outcome=None)
    lost = Preferences({bad.case.id: "I will not, but here is …", declined.case.id: "x"}).export(
        [bad, declined], tmp_path / "a"
    )
    (row,) = [json.loads(line) for line in (tmp_path / "a").read_text().splitlines()]
    assert row["chosen"][0]["content"] == "I will not, but here is …"
    assert row["rejected"][0]["content"] == bad.response
    assert lost == ["1 of 2 cases are left out: a good or a bad answer is missing."]


def test_guard_pairs_have_the_labels_of_both_sides(tmp_path):
    from astral.domain.records import Outcome

    exporter_of(Settings(), "guard").export(
        [sample(), sample("b", outcome=Outcome.SAFE), sample("c", benign=True)], tmp_path / "a"
    )
    rows = [json.loads(line) for line in (tmp_path / "a").read_text().splitlines()]
    assert [(row["prompt_label"], row["response_label"]) for row in rows] == [
        ("unsafe", "unsafe"), ("unsafe", "safe"), ("safe", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("promptfoo", "a: [1"),
        ("promptfoo", "- 1\n- 2"),
        ("pyrit", "seeds: 3"),
        ("deepteam", "[1, 2]"),
        ("inspect", '{"samples": 3}'),
        ("csv", "colour\nred\n"),
        ("jsonl", '{"case": {"messages": []}}'),
        ("jsonl", "{"),
        ("garak", "\xff"),
        ("huggingface", "no parquet"),
    ],
)
def test_a_file_of_another_kind_is_named_or_has_no_cases(name, content, tmp_path):
    path = (tmp_path / "file").with_suffix(end_of(name) if name != "huggingface" else ".parquet")
    path.write_bytes(content.encode("latin-1"))
    if name == "promptfoo" and content.startswith("-"):
        assert list(parts(name)[1].load(path)) == []
        return
    with pytest.raises(UserError, match="file"):
        list(parts(name)[1].load(path))


def test_texts_that_other_tools_would_run_stay_texts(tmp_path):
    """A brace is a template's, a bare `yes` a bool: each comes back as the text that it was."""
    for name in ("promptfoo", "pyrit"):
        path = tmp_path / f"{name}.yaml"
        parts(name)[0].export([sample(text) for text in NASTY], path)
        assert [each.case.request for each in parts(name)[1].load(path)] == NASTY
