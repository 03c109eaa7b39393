// Maps of any two dimensions: every field says its interval, by pointer and by keyboard, and leads to its tests.

const PREFERRED_PAIRS = [["risk", "language"], ["style", "persuasion"]];
const LEAST_SCALE = 0.7;

function drawHeatMaps(table, data) {
  const place = document.getElementById("heat-maps");
  const ids = table.dimensions.map((dimension) => dimension.id);
  let pairs = PREFERRED_PAIRS.filter((pair) => pair.every((id) => ids.includes(id)));
  if (!pairs.length) pairs = [ids.slice(0, 2)];
  for (const [rows, columns] of pairs) drawHeatMap(place, table, data, rows, columns);
}

/** One map, with a choice of its two dimensions. */
function drawHeatMap(place, table, data, rows, columns) {
  const whole = element("div", "", { class: "map" });
  const tools = element("div", "", { class: "tools" });
  const choices = ["Rows", "Columns"].map((name) => {
    const label = element("label", `${name} `);
    const choice = element("select");
    for (const { id } of table.dimensions) choice.append(option(id, capitalized(id)));
    label.append(choice);
    tools.append(label);
    return choice;
  });
  const scroll = element("div", "", { class: "scroll" });
  const told = element("p", "", { class: "told", role: "status" });
  const numbers = element("details", "", { class: "fold" });
  whole.append(tools, scroll, told, numbers);
  place.append(whole);

  const chosen = () => choices.map(({ value }) => table.dimensions.find(({ id }) => id === value));
  const tell = (text) => (told.textContent = text);
  choices.forEach((choice, which) => {
    choice.addEventListener("change", () => {
      const other = choices[1 - which];
      // A dimension does not meet itself: the other one makes room.
      if (other.value === choice.value) other.value = table.dimensions.find(({ id }) => id !== choice.value).id;
      tell("");
      redraw();
    });
  });
  [choices[0].value, choices[1].value] = [rows, columns];
  const redraw = chartIn(scroll, (width) => {
    const [rows, columns] = chosen();
    const fields = fieldsOf(data, rows, columns);
    numbers.replaceChildren(element("summary", "The numbers"), heatTable(fields, rows, columns));
    return heatChart(fields, rows, columns, width, tell);
  });
}

function heatChart(fields, rows, columns, width, tell) {
  const [rowValues, columnValues] = [rows.values, columns.values];
  const marginLeft = Math.min(widthOf(rowValues), width * 0.33);
  const signs = fields.reduce((most, { text }) => Math.max(most, text.length), 3);
  const rowStep = width < NARROW ? 44 : 30;
  const step = Math.max(signs * LETTER_WIDTH + 4, (width - marginLeft - 4) / columnValues.length);
  // Names stand upright where a word of theirs is wider than its column.
  const isUpright = widthOf(columnValues.flatMap(({ name }) => name.split(" ").map((word) => ({ name: word })))) > step;
  const marginTop = isUpright ? Math.min(widthOf(columnValues) + 10, 190) : 44;
  const names = (values, room) => ({
    tickSize: 0,
    label: null,
    tickFormat: (place) => shortened(values[place].name, room),
    lineWidth: emsOf(room),
  });
  const chart = plotted({
    label: titleOf(rows, columns),
    width: marginLeft + step * columnValues.length + 4,
    height: marginTop + rowStep * rowValues.length + 4,
    marginLeft,
    marginTop,
    marginRight: 4,
    marginBottom: 4,
    padding: 0.06,
    x: { domain: columnValues.map((_, place) => place) },
    y: { domain: rowValues.map((_, place) => place) },
    marks: [
      Plot.axisX({
        ...names(columnValues, isUpright ? marginTop - 16 : step),
        anchor: "top",
        ...(isUpright && { tickRotate: -90, textOverflow: "ellipsis" }),
      }),
      Plot.axisY(names(rowValues, marginLeft - 6)),
      ...heatMarks(fields),
    ],
  });
  // A map that is wider than its place shrinks, but is scrolled before its numbers cannot be read.
  chart.style.minWidth = `${LEAST_SCALE * chart.getAttribute("width")}px`;
  walkLinks(chart, columnValues.length, tell);
  return chart;
}

/** A coloured link for each field, a frame around what was not tested or is lost, and the counts. */
function heatMarks(fields) {
  const place = { x: "column", y: "row", r: 3 };
  const frame = { ...place, fill: "none", pointerEvents: "none", inset: 1 };
  const untested = fields.filter(({ isTested }) => !isTested);
  return [
    Plot.cell(fields, {
      ...place,
      fill: { value: "colour", scale: null },
      href: "address",
      ariaLabel: "told",
      title: "told",
      tip: TIP,
    }),
    Plot.cell(untested.filter(({ standing }) => standing === "not asked for"), { ...frame, stroke: "var(--line)" }),
    Plot.cell(untested.filter(({ standing }) => standing === "open"), { ...frame, stroke: "var(--accent)", strokeWidth: 2 }),
    Plot.cell(fields.filter(({ isLost }) => isLost), { ...frame, stroke: "var(--soft)", strokeDasharray: "3 3" }),
    Plot.text(fields, { x: "column", y: "row", text: "text", pointerEvents: "none" }),
  ];
}

/** What is known where each row meets each column, whichever of the two dimensions the data has as rows. */
function fieldsOf(data, rows, columns) {
  const ids = [rows.id, columns.id];
  const map = data.maps.find((each) => ids.includes(each.rows) && ids.includes(each.columns));
  const isTurned = map.rows !== rows.id;
  const known = new Map(map.fields.map(([row, column, ...field]) => [`${row}/${column}`, field]));
  return rows.values.flatMap((rowValue, row) =>
    columns.values.map((columnValue, column) => ({
      row,
      column,
      ...fieldOf(data.rates, known.get(isTurned ? `${column}/${row}` : `${row}/${column}`), map.rest, [rowValue, columnValue]),
      address: `#tests&${new URLSearchParams({ [DIMENSION + rows.id]: rowValue.id, [DIMENSION + columns.id]: columnValue.id })}`,
    })),
  );
}

function fieldOf(rates, found, rest, values) {
  const [unsafe, safe, undecided, standing] = found ?? [0, 0, "", rest];
  const [colour, rate] = rates[`${unsafe}/${safe}`] ?? ["", ""];
  const decided = unsafe + safe;
  const isTested = Boolean(decided || undecided);
  const told = [];
  if (decided) told.push(`${unsafe} of ${decided} unsafe, ${rate}`);
  if (undecided) told.push(undecided);
  if (!isTested) told.push("not tested");
  if (standing !== "not asked for") told.push(`coverage ${standing}`);
  const isLost = standing === "given up" || standing === "excluded";
  return {
    standing,
    isTested,
    isLost,
    colour: decided ? heatColour(colour) : undecided ? "var(--track)" : "transparent",
    text: decided ? `${unsafe}/${decided}` : isLost ? "×" : undecided ? "–" : "",
    told: `${values.map(({ name }) => name).join(" × ")}: ${told.join("; ")}.`,
  };
}

/** The same as a table, for those who read by rows and columns. */
function heatTable(fields, rows, columns) {
  const table = element("table");
  table.append(element("caption", titleOf(rows, columns)));
  const head = table.createTHead().insertRow();
  head.append(...[capitalized(rows.id), ...columns.values.map(({ name }) => name)].map((name) => element("th", name, { scope: "col" })));
  const body = table.createTBody();
  rows.values.forEach(({ name }, row) => {
    const line = body.insertRow();
    const found = fields.slice(row * columns.values.length, (row + 1) * columns.values.length);
    line.append(element("th", name, { scope: "row" }), ...found.map(({ text }) => element("td", text)));
  });
  return table;
}

function titleOf(rows, columns) {
  return `${capitalized(rows.id)} × ${columns.id}`;
}

/** Hue for how high the rate is, strength for how much it rests on. */
function heatColour(classes) {
  const [hue, evidence] = classes.split(" ");
  return `color-mix(in oklab, var(--${hue}) var(--${evidence}), var(--surface))`;
}
