"""What libraries that draw charts would bring to the report page, measured in Chromium under the page's policy.

    npm install --prefix /tmp/charts uplot@1.6.32 @observablehq/plot@0.6.17 d3@7 echarts@6.1.0 chart.js@4.6.1
    python benchmarks/chart_libraries.py /tmp/charts/node_modules

Each draws the same fourteen rates with their intervals; last comes the report's own chart of fourteen rates, which is
by Observable Plot. Told are the size, what the policy (no inline style but the page's own, no eval) forbids of it,
whether the picture is one that printers and dark pages follow (SVG) or a canvas, how many of the fourteen a keyboard
reaches, and how many a screen reader reads. In the report the library stands in part and compressed: that size is what
a report grows by.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

from astral.assets import source_hash
from astral.domain.run import RunStatus
from astral.report import render_html, summarise
from astral.report.plot import packed_plot
from astral.testing.synthetic_run import synthetic_manifest, synthetic_progress, synthetic_tests

CHROMIUM = "/usr/bin/chromium"
ROWS = [{"name": f"value {n}", "rate": n / 20, "low": n / 25, "high": n / 16} for n in range(14)]


@dataclass(frozen=True)
class Library:
    """What is inlined of a library, and how it is asked for the chart."""

    name: str
    files: tuple[str, ...]
    draw: str


LIBRARIES = (
    Library(
        "uPlot",
        ("uplot/dist/uPlot.iife.min.js",),
        """new uPlot({width: 600, height: 300, scales: {x: {time: false}}, series: [{}, {stroke: "red"}, {}, {}],
           bands: [{series: [3, 2], fill: "pink"}]},
           [rows.map((_, i) => i), rows.map(r => r.rate), rows.map(r => r.low), rows.map(r => r.high)], place)""",
    ),
    Library(
        "Observable Plot",
        ("d3/dist/d3.min.js", "@observablehq/plot/dist/plot.umd.min.js"),
        """place.append(Plot.plot({marginLeft: 80, marks: [Plot.ruleY(rows, {x1: "low", x2: "high", y: "name"}),
           Plot.dot(rows, {x: "rate", y: "name", tip: true, ariaLabel: "name"})]}))""",
    ),
    Library(
        "ECharts (SVG)",
        ("echarts/dist/echarts.common.min.js",),
        """echarts.init(place, null, {renderer: "svg", width: 600, height: 300}).setOption({aria: {enabled: true},
           animation: false, tooltip: {}, xAxis: {}, yAxis: {type: "category", data: rows.map(r => r.name)},
           series: [{type: "bar", data: rows.map(r => r.rate)}]})""",
    ),
    Library(
        "Chart.js",
        ("chart.js/dist/chart.umd.min.js",),
        """new Chart(place.appendChild(document.createElement("canvas")), {type: "bar", options: {animation: false},
           data: {labels: rows.map(r => r.name), datasets: [{data: rows.map(r => r.rate)}]}})""",
    ),
)


def page_of(library: Library, modules: Path) -> str:
    """A page with the library's chart, and no other script or style."""
    scripts = [(modules / name).read_text(encoding="utf-8").replace("</script", "<\\/script") for name in library.files]
    scripts.append(f"const rows = {json.dumps(ROWS)}, place = document.getElementById('chart');\n{library.draw};")
    hashes = " ".join(f"'{source_hash(script)}'" for script in scripts)
    policy = f"default-src 'none'; style-src 'none'; script-src {hashes}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f'content="{policy}"><title>chart</title><main><h1>Chart</h1><div id="chart"></div></main>'
        f"{''.join(f'<script>{script}</script>' for script in scripts)}</html>"
    )


def look(browser: Browser, file: Path, place: str, names: list[str]) -> tuple[int, str, int, int]:
    """Refusals of the policy, what it is drawn as, stops of the keyboard, names that a screen reader is told."""
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda told: refused.append(told.text) if "Content Security Policy" in told.text else None)
    page.goto(file.as_uri())
    page.wait_for_timeout(1000)
    chart = page.locator(place).first
    kind = " and ".join(kind for kind in ("canvas", "svg") if chart.locator(kind).count()) or "nothing"
    focused = "place => document.activeElement.closest(place) ? document.activeElement.outerHTML : ''"
    for stop in chart.locator("[tabindex='0']").all()[:1]:
        stop.focus()
    reached = {page.evaluate(focused, place)}
    for key in ["ArrowDown"] * 20 + ["Tab"] * 20:
        page.keyboard.press(key)
        reached.add(page.evaluate(focused, place))
    told = chart.aria_snapshot()
    page.close()
    return len(refused), kind, len(reached - {""}), sum(name in told for name in names)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", type=Path, help="folder node_modules")
    modules = parser.parse_args().modules
    manifest = synthetic_manifest()
    tests = list(synthetic_tests(manifest, 2000))
    summary = summarise(manifest, tests, synthetic_progress(manifest), status=RunStatus.MET)
    own = [value.name for value in manifest.space.dimensions[0].values]
    print("| drawn by | size | refused by the policy | drawn as | keyboard stops | names read aloud, of 14 |")
    print("|---|---:|---:|---|---:|---:|")
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        file = Path(folder) / "page.html"
        for library in LIBRARIES:
            file.write_text(page_of(library, modules), encoding="utf-8")
            size = sum((modules / name).stat().st_size for name in library.files)
            row = look(browser, file, "#chart", [each["name"] for each in ROWS])
            print(f"| {library.name} | {size / 1e3:.0f} kB | {' | '.join(map(str, row))} |", flush=True)
        file.write_text(render_html(summary, tests, reveal=False), encoding="utf-8")
        row = look(browser, file, "#rates-0", own)
        print(f"| Observable Plot in the report | {len(packed_plot()) / 1e3:.0f} kB | {' | '.join(map(str, row))} |")
        browser.close()


if __name__ == "__main__":
    main()
