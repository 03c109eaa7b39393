// What all charts share: the library that draws them, their places in the page, and their way by keyboard.

const PRINTED_WIDTH = 680; // pixels
const NARROW = 420; // below which names take three lines, and ticks have no room for quarters
const LETTER_WIDTH = 7; // of a chart's letters, about, in wide fonts
const EM = 13.5; // more than the size of the letters, since the library takes them for narrow ones
const TIP = { ariaHidden: true, lineWidth: 15 }; // what it says is heard from the link that is pointed at

/** Brings in Observable Plot, which the page carries compressed and its policy knows by its hash. */
async function loadPlot() {
  const script = element("script", await unpack("plot"));
  document.head.append(script);
  script.remove();
}

/** Draws a chart into its place, and again for each width that the place comes to have, or when it is asked to. */
function chartIn(place, draw) {
  let drawn = 0;
  const drawFor = (width) => {
    if (!width || width === drawn) return;
    drawn = width;
    place.replaceChildren(draw(width));
  };
  new ResizeObserver(() => drawFor(place.clientWidth)).observe(place);
  window.addEventListener("beforeprint", () => drawFor(Math.min(PRINTED_WIDTH, place.clientWidth)));
  window.addEventListener("afterprint", () => drawFor(place.clientWidth));
  drawFor(place.clientWidth);
  return () => {
    drawn = 0;
    drawFor(place.clientWidth);
  };
}

/** The room that the longest of some names takes, in pixels. */
function widthOf(named) {
  return Math.max(...named.map(({ name }) => name.length)) * LETTER_WIDTH + 16;
}

/** A name that fits into three lines of so many pixels; it is told in full by tips and tables. */
function shortened(name, pixels) {
  const most = Math.max(4, Math.floor(pixels / LETTER_WIDTH));
  const cut = (text, signs) => ([...text].length > signs ? `${[...text].slice(0, signs - 1).join("")}…` : text);
  const words = name.split(/\s+/).map((word) => cut(word, most));
  return cut(words.join(" "), Math.floor(2.5 * most));
}

/** The library counts room for text in heights of a letter. */
function emsOf(pixels) {
  return pixels / EM;
}

/** A chart of these marks; what it shows is said by its links, or else by a label. */
function plotted({ label, ...options }) {
  const chart = Plot.plot({ className: "plot", ...options });
  // The library names groups of shapes by their kind, which nobody has to hear.
  for (const group of chart.querySelectorAll("g")) if (!group.querySelector("a")) group.setAttribute("aria-hidden", true);
  chart.setAttribute("role", chart.querySelector("a") ? "group" : "img");
  chart.setAttribute("aria-label", label);
  return chart;
}

/** One link of a chart is a tab stop; arrow keys, Home and End go on from there. `tell` hears what each link shows. */
function walkLinks(chart, columns, tell) {
  const links = [...chart.querySelectorAll("a")];
  links.forEach((link, place) => {
    // The library names the shape inside: what is focused has to have the name.
    const shape = link.firstElementChild;
    link.setAttribute("aria-label", shape.getAttribute("aria-label"));
    link.setAttribute("tabindex", place ? -1 : 0);
    shape.removeAttribute("aria-label");
  });
  let at = 0;
  const moves = {
    ArrowUp: () => at - columns,
    ArrowDown: () => at + columns,
    ArrowLeft: () => (at % columns ? at - 1 : at),
    ArrowRight: () => ((at + 1) % columns ? at + 1 : at),
    Home: () => at - (at % columns),
    End: () => at - (at % columns) + columns - 1,
  };
  chart.addEventListener("keydown", (event) => {
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    links[moves[event.key]()]?.focus();
  });
  chart.addEventListener("focusin", (event) => {
    links[at].setAttribute("tabindex", -1);
    at = links.indexOf(event.target.closest("a"));
    links[at].setAttribute("tabindex", 0);
  });
  for (const kind of ["focusin", "pointerover"]) {
    chart.addEventListener(kind, (event) => {
      const link = event.target.closest("a");
      if (link) tell(link.getAttribute("aria-label"));
    });
  }
}
