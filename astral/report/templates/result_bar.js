// A bar and its parts. The numbers stand beside it as text.

function drawBars(bars) {
  for (const [id, bar] of Object.entries(bars)) {
    const place = document.getElementById(id);
    chartIn(place, (width) => resultBar(bar, width, place.classList.contains("thin") ? 12 : 24));
  }
}

function resultBar({ parts, total }, width, height) {
  return plotted({
    width,
    height,
    margin: 0,
    x: { axis: null, domain: [0, total || 1] },
    marks: [
      Plot.barX([total], { x: (number) => number, fill: "var(--track)" }),
      Plot.barX(parts, {
        x: ([, number]) => number,
        fill: { value: ([name]) => `var(--${COLOURS[name] ?? name})`, scale: null },
        title: ([name, number]) => `${number} ${name.replace("-", " ")}`,
        insetRight: 1,
      }),
    ],
  });
}

const COLOURS = { decided: "accent", undecided: "unknown", "given-up": "blocked", open: "track" }; // of coverage
