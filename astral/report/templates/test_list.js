// The list of tests: however many there are, only the rows in view are elements.

const ROWS_BEYOND = 12; // drawn above and below the view, so that a little scrolling shows no gap
const ROWS_PRINTED = 200;
const DIMENSION = "in-"; // before the id of a dimension in an address, so that it is taken for nothing else

class TestList {
  constructor(table) {
    Object.assign(this, table.columns);
    this.table = table;
    this.scroll = document.getElementById("list-scroll");
    this.body = document.getElementById("list-rows");
    this.places = new Map(this.number.map((number, place) => [number, place]));
    this.current = 0;
    this.fitting = [];
    this.drawHead();
    this.scroll.addEventListener("scroll", () => this.drawSoon(), { passive: true });
    window.addEventListener("resize", () => this.measure());
    this.body.addEventListener("keydown", (event) => this.move(event));
    this.body.addEventListener("click", (event) => {
      const link = event.target.closest("tr")?.querySelector("a");
      if (link && event.target !== link) link.click();
    });
    window.addEventListener("beforeprint", () => this.draw(0, ROWS_PRINTED));
    window.addEventListener("afterprint", () => this.draw());
  }

  drawHead() {
    const head = document.getElementById("list-head");
    const names = ["Test", "Result", ...this.table.dimensions.map(({ id }) => capitalized(id)), "p unsafe", "Severity"];
    head.append(...names.map((name) => element("th", name, { scope: "col" })));
  }

  /** Shows what fits the choice, in its order. */
  show(choice) {
    this.fitting = sorted(this, fittingPlaces(this, choice), choice.get("sort"));
    this.current = 0;
    this.scroll.scrollTop = 0;
    this.scroll.querySelector("table").setAttribute("aria-rowcount", this.fitting.length + 1);
    const all = this.number.length;
    document.getElementById("shown").textContent =
      this.fitting.length === all ? `All ${all} shown` : `${this.fitting.length} of ${all} shown`;
    this.measure();
  }

  measure() {
    this.rowHeight = 40;
    this.draw(0, 1);
    this.rowHeight = this.body.querySelector("tr:not([aria-hidden])")?.getBoundingClientRect().height || this.rowHeight;
    this.draw();
  }

  /** Once a frame, however often it is asked for. */
  drawSoon() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.draw();
    });
  }

  draw(from, to) {
    const top = Math.floor(this.scroll.scrollTop / this.rowHeight) - ROWS_BEYOND;
    const inView = Math.ceil(this.scroll.clientHeight / this.rowHeight) + 2 * ROWS_BEYOND;
    const first = Math.max(0, from ?? top);
    const last = Math.min(this.fitting.length, to ?? first + inView);
    const hadFocus = this.body.contains(document.activeElement);
    const rows = [spacer(first * this.rowHeight)];
    for (let rank = first; rank < last; rank += 1) rows.push(this.row(rank));
    if (to === undefined) rows.push(spacer((this.fitting.length - last) * this.rowHeight));
    this.body.replaceChildren(...rows);
    if (hadFocus) this.link(this.current)?.focus({ preventScroll: true });
  }

  row(rank) {
    const place = this.fitting[rank];
    const result = this.table.results[this.result[place]];
    const kind = this.table.kinds[this.kind[place]];
    const row = element("tr", "", { "aria-rowindex": rank + 2, "data-rank": rank });
    const name = element("th", "", { scope: "row" });
    const number = this.number[place];
    name.append(element("a", `#${number}`, { href: `#test-${number}`, tabindex: rank === this.current ? 0 : -1 }));
    const badge = element("span", "", { class: "badge" });
    badge.append(element("span", "", { class: `key ${result}` }), kind ? `${result}, ${kind}` : result);
    const ending = element("td");
    ending.append(badge);
    const values = this.valuesOf(place).map((value) => element("td", value, { class: "value", title: value }));
    const severity = this.severity[place] < 0 ? "" : `${this.severity[place]} of 4`;
    row.append(name, ending, ...values, element("td", shownP(this.p[place]), { class: "p" }), element("td", severity, { class: "severity" }));
    return row;
  }

  valuesOf(place) {
    return this.table.dimensions.map(({ values }, which) => values[this.table.values[which][place]].name);
  }

  /** The link of a row, brought into view. */
  link(rank) {
    return this.body.querySelector(`tr[data-rank="${rank}"] a`);
  }

  move(event) {
    const page = Math.max(1, Math.floor(this.scroll.clientHeight / this.rowHeight) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.goTo(this.current + steps[event.key]);
  }

  goTo(rank) {
    if (!this.fitting.length) return;
    this.current = Math.min(Math.max(rank, 0), this.fitting.length - 1);
    const top = this.current * this.rowHeight;
    const bottom = top + this.rowHeight - this.scroll.clientHeight + this.body.offsetTop;
    if (this.scroll.scrollTop > top) this.scroll.scrollTop = top;
    if (this.scroll.scrollTop < bottom) this.scroll.scrollTop = bottom;
    this.draw();
    this.link(this.current)?.focus({ preventScroll: true });
  }
}

function spacer(height) {
  const row = element("tr", "", { "aria-hidden": "true", class: "spacer" });
  row.style.height = `${height}px`;
  return row;
}

function shownP(hundredths) {
  return hundredths < 0 ? "" : (hundredths / 100).toFixed(2);
}

/** Places of the tests that fit every choice. Each word must stand in a value's name, or be a number such as #12. */
function fittingPlaces(list, choice) {
  const { table } = list;
  const words = (choice.get("words") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const checks = words.map((word) => {
    const named = table.dimensions.map(({ values }) => values.map(({ name }) => name.toLowerCase().includes(word)));
    const number = /^#?\d+$/.test(word) ? Number(word.replace("#", "")) : null;
    return (place) => list.number[place] === number || named.some((fits, which) => fits[table.values[which][place]]);
  });
  const chosen = (column, names, name) => {
    if (!choice.get(name)) return;
    const wanted = names.indexOf(choice.get(name));
    checks.push((place) => column[place] === wanted);
  };
  chosen(list.result, table.results, "result");
  chosen(list.kind, table.kinds, "kind");
  table.dimensions.forEach(({ id, values }, which) => {
    chosen(table.values[which], values.map((value) => value.id), DIMENSION + id);
  });
  const places = [...list.number.keys()];
  return checks.length ? places.filter((place) => checks.every((fits) => fits(place))) : places;
}

/** Worst first: controls behind the tests, then by result, and what the oracle is surest of before the rest. */
function sorted(list, places, by) {
  const columns = {
    number: list.number,
    result: list.result,
    p: list.p.map((p) => -p),
    severity: list.severity.map((severity) => -severity),
  };
  list.table.dimensions.forEach(({ id }, which) => (columns[DIMENSION + id] = list.table.values[which]));
  const order = [columns[by], list.kind, list.result, columns.p].filter(Boolean);
  return places.sort((one, other) => {
    for (const column of order) if (column[one] !== column[other]) return column[one] - column[other];
    return one - other;
  });
}
