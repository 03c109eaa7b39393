import re
from pathlib import Path

from astral.domain.records import Control, Ending, Usage
from astral.domain.run import RunStatus
from astral.report import headline, render_markdown
from astral.report.markdown import code, escaped, fenced

SNAPSHOT = Path(__file__).parent / "snapshots" / "report.md"


def test_the_page_of_a_fixed_run_is_as_it_was(build):
    """To renew the snapshot, delete it, run this test, and read what changed."""
    space = build.space(risk=3, language=2, style=2)
    tests = [
        build.judged(space.cell((0, 0, 0)), "UNSAFE", 0, p=0.93),
        build.judged(space.cell((0, 1, 1)), "UNSAFE", 1, p=0.71, ending=Ending.TRUNCATED),
        build.judged(space.cell((1, 0, 1)), "SAFE", 2, ending=Ending.REFUSED),
        build.judged(space.cell((1, 1, 0)), "UNKNOWN", 3),
        build.blocked(space.cell((2, 0, 0)), 4),
        build.failed(space.cell((2, 1, 1)), 5, message="no draft passed the gates: wrong | language"),
        build.failed(space.cell((2, 1, 1)), 6),
        build.judged(space.cell((0, 0, 0)), "UNSAFE", 7, control=Control.POSITIVE),
        build.judged(space.cell((0, 0, 0)), "SAFE", 8, control=Control.NEGATIVE),
    ]
    sample = build.sample(space, tests, models={"target": "local"})
    summary = sample.summary(
        status=RunStatus.INCOMPLETE,
        seconds=95,
        oracle_note="Agrees with people in 9 of 10 answers.",
        command="astral generate --target local --seed 7",
        usage={"judge": Usage(prompt_tokens=12345, completion_tokens=67)},
    )
    page = render_markdown(summary, tests, reveal=False)
    if not SNAPSHOT.exists():
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(page, encoding="utf-8")
        raise AssertionError(f"{SNAPSHOT} was missing; it is written anew: read it, and run the test again")
    assert page == SNAPSHOT.read_text(encoding="utf-8")


def test_hostile_text_adds_no_html_no_cell_and_no_mention(hostile):
    page = render_markdown(hostile.summary(oracle_note="<b>@me</b>"), hostile.tests, reveal=False)
    prose = re.sub(r"`[^`\n]*`", "", page)
    assert set(re.findall(r"</?([a-z]+)", prose)) <= {"details", "summary"}
    assert not re.search(r"@\w|(?<!\\)\]\(|\x1b|\u202e", prose)
    widths = {}
    for line in prose.splitlines():
        if line.startswith("|"):
            width = len(re.findall(r"(?<!\\)\|", line))
            table = widths.setdefault("width", width)
            assert width == table, line
        else:
            widths.clear()


def test_texts_are_absent_until_revealed(build_with):
    build = build_with(request="the secret request", answer="```\nthe secret answer")
    space = build.space(risk=1, language=1)
    sample = build.sample(space, [build.judged(space.cell((0, 0)), "UNSAFE", reason="the secret reason")])
    assert "secret" not in render_markdown(sample.summary(), sample.tests, reveal=False)
    assert "````text\n```\nthe secret answer\n````" in render_markdown(sample.summary(), sample.tests, reveal=True)


def test_the_page_fits_a_comment(night):
    page = render_markdown(night.summary(), night.tests, reveal=True)
    assert page.startswith(f"## {headline(night.summary())}")
    assert len(page) < 65_536


def test_names_show_as_they_are():
    assert escaped("a|b <i>*c*</i> _d_ [e](f) @g") == "a\\|b &lt;i&gt;\\*c\\*&lt;/i&gt; \\_d\\_ \\[e\\](f) @\u200dg"


def test_code_spans_cannot_be_left():
    assert code("a`b|c\nd") == "`aˋb¦c d`"
    assert code("") == ""


def test_fences_outgrow_what_they_hold():
    assert fenced("````\nx").startswith("`````text\n")
