"""Measure how long the report of a large run takes to open, beside the same tests as a plain HTML table.

    python benchmarks/report_page.py                  # 100,000 tests, without and with their texts
    python benchmarks/report_page.py --tests 10000

Seconds are from the start of loading in headless Chromium to the moment when list and maps are there and the page has
been drawn, the median of three; the plain table is what a page would be that puts every test into its HTML. Numbers
depend on the machine; their ratio says what the compressed data and the drawn-in-view list are worth.
"""

import argparse
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from playwright.sync_api import Browser, sync_playwright

from astral.domain.run import RunStatus, TestRecord
from astral.report import Summary, render_html, summarise
from astral.testing.synthetic_run import synthetic_manifest, synthetic_progress, synthetic_tests

CHROMIUM = "/usr/bin/chromium"
ROUNDS = 3
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"


def plain_table(summary: Summary, tests: Sequence[TestRecord]) -> Iterator[str]:
    """The same rows as HTML."""
    names = summary.value_names
    yield "<!doctype html><meta charset=utf-8><title>Plain</title><table>"
    for test in tests:
        values = "".join(f"<td>{escape(names[value])}</td>" for value in test.draw.cell.values)
        yield f"<tr><th>#{test.draw.number}</th><td>{test.result}</td>{values}</tr>\n"
    yield "</table>"


def opening_seconds(browser: Browser, file: Path, ready: str) -> float:
    """Median seconds until the page has `ready`."""
    seconds: list[float] = []
    for _ in range(ROUNDS):
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        start = perf_counter()
        page.goto(file.as_uri(), timeout=300_000)
        page.wait_for_selector(ready, timeout=300_000)
        page.evaluate(DRAWN)
        seconds.append(perf_counter() - start)
        page.close()
    return median(seconds)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=100_000)
    count = parser.parse_args().tests
    manifest = synthetic_manifest()
    tests = list(synthetic_tests(manifest, count))
    summary = summarise(manifest, tests, synthetic_progress(manifest), status=RunStatus.MET)
    print(f"{count:,} tests\n")
    print("| page | written in (CPU) | size | opens in |")
    print("|---|---:|---:|---:|")
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        file = Path(folder) / "page.html"
        for name, ready in (("report", ".map a"), ("report with texts", ".map a"), ("plain table", "table")):
            start = process_time()
            if name == "plain table":
                html = "".join(plain_table(summary, tests))
            else:
                html = render_html(summary, tests, reveal=name.endswith("texts"))
            written = process_time() - start
            file.write_text(html, encoding="utf-8")
            opens = opening_seconds(browser, file, ready)
            print(f"| {name} | {written:.1f} s | {file.stat().st_size / 1e6:.1f} MB | {opens:.2f} s |", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
