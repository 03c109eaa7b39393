"""Draw the picture of the report that README and docs show, of a made-up run.

    python benchmarks/report_picture.py        # writes docs/report.png

The run is `astral.testing.synthetic_run`: no model was asked, and texts are made-up words. Of what the page holds below
its headline only two charts of rates and a map are left in.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import sync_playwright

from astral.domain.records import Control, Outcome
from astral.domain.run import RunStatus, TestRecord
from astral.report import render_html, summarise
from astral.report.explain import explain
from astral.testing.synthetic_run import synthetic_manifest, synthetic_progress, synthetic_tests

CHROMIUM = "/usr/bin/chromium"
PICTURE = Path(__file__).parents[1] / "docs" / "report.png"
TESTS = 1500
COLOURS = 256
KEPT_RATES = ("#rates-0", "#rates-1")
LEFT_OUT = (
    "nav, main > section:not(#rates, #maps), .map + .map, details, .told, footer, "
    f"figure:not({', '.join(f':has({name})' for name in KEPT_RATES)})"
)


def control(test: TestRecord, kind: Control, outcome: Outcome) -> TestRecord:
    """The test as a control that the oracle judged as it should."""
    draw = test.draw.model_copy(update={"number": TESTS + test.draw.number, "control": kind})
    verdict = test.verdict and test.verdict.model_copy(update={"outcome": outcome})
    return test.model_copy(update={"draw": draw, "verdict": verdict})


def main() -> None:
    """Write the picture."""
    manifest = synthetic_manifest()
    tests = list(synthetic_tests(manifest, TESTS))
    tests += [control(test, Control.POSITIVE, Outcome.UNSAFE) for test in tests[:3]]
    tests += [control(test, Control.NEGATIVE, Outcome.SAFE) for test in tests[3:6]]
    summary = summarise(manifest, tests, synthetic_progress(manifest), status=RunStatus.MET)
    page_text = render_html(summary, tests, reveal=False, explanation=explain(manifest, tests))
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        (file := Path(folder) / "report.html").write_text(page_text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1160, "height": 900}, device_scale_factor=1.5)
        page.goto(file.as_uri())
        page.wait_for_selector(".map a")
        page.evaluate("names => document.querySelectorAll(names).forEach(element => element.remove())", LEFT_OUT)
        page.screenshot(path=PICTURE, full_page=True)
        browser.close()
    with Image.open(PICTURE) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
