// One number of the runs on a target, from night to night.

async function start() {
  if (!canUnpack) return;
  await loadPlot();
  for (const [id, chart] of Object.entries(await unpack("trends"))) {
    const place = document.getElementById(id);
    const told = element("p", "", { class: "told", role: "status" });
    place.after(told);
    chartIn(place, (width) => trendChart(chart, width, (text) => (told.textContent = text)));
  }
}

const percent = (part) => `${Math.round(1000 * part) / 10}\u00a0%`;
const TICKS = {
  rate: percent,
  coverage: percent,
  dollars: (dollars) => `$${dollars}`,
  tokens: "~s",
};

function trendChart({ unit, reading, points }, width, tell) {
  const nights = points.map((point) => ({ ...point, time: new Date(point.time) }));
  const x = "time";
  const chart = plotted({
    label: reading,
    width,
    height: 170,
    marginLeft: 50,
    marginRight: 14,
    x: { type: "utc" },
    y: unit === "coverage" ? { domain: [0, 1] } : { zero: true, nice: true },
    marks: [
      Plot.gridY({ ticks: 4 }),
      Plot.axisY({ ticks: 4, tickFormat: TICKS[unit], tickSize: 0, label: null }),
      Plot.axisX({ ticks: Math.max(2, Math.round(width / 110)), label: null }),
      Plot.areaY(nights, { x, y1: "low", y2: "high", fill: "var(--accent)", fillOpacity: 0.2 }),
      Plot.ruleX(nights, { x, y1: "low", y2: "high", stroke: "var(--accent)", strokeOpacity: 0.45, strokeWidth: 2 }),
      Plot.lineY(nights, { x, y: "value", stroke: "var(--accent)" }),
      Plot.dot(nights, {
        x,
        y: "value",
        r: 4.5,
        fill: "var(--accent)",
        stroke: "var(--surface)",
        href: "address",
        ariaLabel: "told",
        title: ({ told }) => told.replace(": ", "\n"),
        tip: { ...TIP, pointer: "x" },
      }),
    ],
  });
  walkLinks(chart, nights.length, tell);
  return chart;
}

start();
