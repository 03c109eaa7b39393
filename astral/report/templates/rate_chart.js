// Rates with their intervals, one below the other, held against the rate of all.

function drawRates(rates) {
  for (const [id, chart] of Object.entries(rates)) {
    const place = document.getElementById(id);
    const told = element("p", "", { class: "told", role: "status" });
    place.after(told);
    chartIn(place, (width) => rateChart(chart, width, (text) => (told.textContent = text)));
    place.parentElement.querySelector("details").open = false;
  }
}

function rateChart({ title, overall, overallTold, rows }, width, tell) {
  const marginLeft = Math.min(widthOf(rows), width * 0.36);
  const known = rows.map((row, place) => ({ ...row, place }));
  const corrected = known.filter((row) => row.corrected);
  const overalls = overall === null ? [] : [overall];
  const [rowHeight, ticks] = width < NARROW ? [40, [0, 0.5, 1]] : [36, [0, 0.25, 0.5, 0.75, 1]];
  const beside = { y: "place", frameAnchor: "right", textAnchor: "start", dx: 10 };
  const nameOf = (place) => shortened(known[place].name, marginLeft - 6);
  const chart = plotted({
    label: title,
    width,
    height: rows.length * rowHeight + 44,
    marginLeft,
    marginRight: Math.max(104, 58 + widthOf(rows.map(({ counted }) => ({ name: counted })))),
    marginTop: 18,
    marginBottom: 26,
    x: { domain: [0, 1] },
    y: { domain: known.map(({ place }) => place), padding: 0.1 },
    marks: [
      Plot.axisX({ label: null, ticks, tickSize: 0, tickFormat: (part) => `${100 * part}\u00a0%` }),
      Plot.gridX({ ticks }),
      Plot.axisY({ label: null, tickSize: 0, tickFormat: nameOf, lineWidth: emsOf(marginLeft - 6) }),
      Plot.ruleX(overalls, { x: (rate) => rate, stroke: "var(--soft)", strokeDasharray: "3 3" }),
      Plot.text(overalls, { x: (rate) => rate, text: () => overallTold, frameAnchor: "top", dy: -14, fill: "var(--soft)" }),
      ...intervals(known, "rate", { stroke: "var(--unsafe)", strokeWidth: 6, dy: corrected.length ? -4 : 0 }),
      ...intervals(corrected, "corrected", { stroke: "var(--accent)", strokeWidth: 4, dy: 8 }),
      Plot.text(known, { ...beside, text: "short", dy: -7, fontWeight: 600 }),
      Plot.text(known, { ...beside, text: "counted", dy: -7, dx: 58, fill: "var(--soft)" }),
      Plot.text(known, { ...beside, text: "interval", dy: 8, fill: "var(--soft)" }),
      Plot.barX(known, {
        x1: 0,
        x2: 1,
        y: "place",
        fill: "transparent",
        href: ({ address }) => address || undefined,
        ariaLabel: ({ address, told }) => (address ? told : undefined),
        title: "told",
        tip: TIP,
      }),
    ],
  });
  walkLinks(chart, 1, tell);
  return chart;
}

/** An interval as a band, its rate as a dot; where nothing is known the band is grey and all there is. */
function intervals(rows, name, { stroke, strokeWidth, dy }) {
  const isKnown = (row) => row[name][0] !== null;
  const band = { y: "place", x1: (row) => row[name][1], x2: (row) => row[name][2], strokeWidth, strokeLinecap: "round", dy };
  const dot = { y: "place", x: (row) => row[name][0], r: strokeWidth * 0.8, fill: stroke, stroke: "var(--surface)", dy };
  return [
    Plot.ruleY(rows, { ...band, stroke, strokeOpacity: 0.38, filter: isKnown }),
    Plot.ruleY(rows, { ...band, stroke: "var(--failed)", strokeOpacity: 0.3, filter: (row) => !isKnown(row) }),
    Plot.dot(rows, { ...dot, filter: isKnown }),
  ];
}
