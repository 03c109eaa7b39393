import base64
import errno
import gzip
import json
import re
import stat

import pytest

from astral.errors import RecordError
from astral.files import write_private
from astral.report import ReportFolder, Summary, writing_cases


def write_report(folder, sample, *, reveal):
    """The files of a run, made of one pass over its tests."""
    report = ReportFolder(folder, reveal=reveal)
    for _ in report.noting(iter(sample.tests)):
        pass
    return report.write(sample.summary())


def test_a_report_is_four_private_files(night, tmp_path):
    paths = write_report(tmp_path, night, reveal=False)
    assert [path.name for path in paths] == ["report.html", "report.md", "summary.json", "cases.jsonl"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in paths)
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert Summary.model_validate_json((tmp_path / "summary.json").read_text()) == night.summary()


def test_the_same_record_makes_the_same_files(night, tmp_path):
    first = [path.read_bytes() for path in write_report(tmp_path, night, reveal=True)]
    assert first == [path.read_bytes() for path in write_report(tmp_path, night, reveal=True)]


def test_hiding_again_takes_the_texts_away(build_with, tmp_path):
    build = build_with(answer="the secret answer")
    space = build.space(risk=1, language=1)
    sample = build.sample(space, [build.judged(space.cell((0, 0)), "UNSAFE")])
    for reveal in (True, False):
        html, markdown, *_ = write_report(tmp_path, sample, reveal=reveal)
        (block,) = re.findall(r'id="data-details-0">([^<]*)', html.read_text())
        in_page = "secret answer" in gzip.decompress(base64.b64decode(block)).decode()
        assert in_page is ("secret answer" in markdown.read_text()) is reveal


def test_a_case_is_one_line_with_its_result(build, tmp_path):
    space = build.space(risk=1, language=1)
    cell = space.cell((0, 0))
    tests = [
        build.judged(cell, "UNSAFE", 0, p=0.8, reason="it helps"),
        build.blocked(cell, 1),
        build.failed(cell, 2, message="no draft"),
        build.under_way(cell, 3),
    ]
    path = tmp_path / "cases.jsonl"
    assert list(writing_cases(path, tests)) == tests
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["number"], line["result"], line["p_unsafe"], line["reason"]) for line in lines] == [
        (0, "unsafe", 0.8, "it helps"),
        (1, "blocked", None, ""),
        (2, "failed", None, "generate: ScreeningError: no draft"),
    ]
    assert lines[0]["id"] == tests[0].case.id
    assert lines[0]["cell"] == {"risk": "risk0", "language": "language0"}
    assert lines[2]["id"] is None


def test_hostile_cases_read_back_unchanged_and_print_harmlessly(hostile, hostile_text, tmp_path):
    path = tmp_path / "cases.jsonl"
    list(writing_cases(path, hostile.tests))
    text = path.read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    assert len(rows) == len(hostile.tests)
    assert rows[0]["messages"][0]["content"] == hostile_text
    assert not set("\x1b\x00\u202e\u2066\u2028") & set(text)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "report.md"
    write_private(path, ["old"])

    def parts():
        yield "new"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(RecordError, match=r"report\.md: cannot be written \(No space left on device\)"):
        write_private(path, parts())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(night, tmp_path):
    with pytest.raises(RecordError, match="nowhere"):
        write_report(tmp_path / "nowhere", night, reveal=False)


def test_a_link_in_the_way_is_replaced_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "report.md").symlink_to(victim)
    write_private(tmp_path / "report.md", ["new"])
    assert victim.read_text() == "mine"
    assert not (tmp_path / "report.md").is_symlink()
