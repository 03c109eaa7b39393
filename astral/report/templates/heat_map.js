// Maps of any two dimensions: a grid that is read by pointer, by keyboard and by screen reader.

const PREFERRED_PAIRS = [["risk", "language"], ["style", "persuasion"]];
const NARROW_FROM = 7; // columns, from which on their names stand upright

function drawHeatMaps(table, data) {
  const place = document.getElementById("heat-maps");
  const ids = table.dimensions.map((dimension) => dimension.id);
  let pairs = PREFERRED_PAIRS.filter((pair) => pair.every((id) => ids.includes(id)));
  if (!pairs.length) pairs = [ids.slice(0, 2)];
  for (const [rows, columns] of pairs) place.append(heatMap(table, data, rows, columns));
}

/** One map, with a choice of its two dimensions. */
function heatMap(table, data, rows, columns) {
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
  whole.append(tools, scroll, told);

  const draw = () => {
    const chosen = choices.map((choice) => choice.value);
    scroll.replaceChildren(heatGrid(table, data, chosen, (text) => (told.textContent = text)));
    told.textContent = "";
  };
  choices.forEach((choice, which) => {
    choice.addEventListener("change", () => {
      const other = choices[1 - which];
      // A dimension does not meet itself: the other one makes room.
      if (other.value === choice.value) other.value = table.dimensions.find(({ id }) => id !== choice.value).id;
      draw();
    });
  });
  [choices[0].value, choices[1].value] = [rows, columns];
  draw();
  return whole;
}

function heatGrid(table, data, [rows, columns], tell) {
  const [rowValues, columnValues] = [rows, columns].map(
    (id) => table.dimensions.find((dimension) => dimension.id === id).values,
  );
  const { rest, fieldAt } = fieldsOf(data, rows, columns);
  const title = `${capitalized(rows)} × ${columns}`;
  const narrow = columnValues.length >= NARROW_FROM ? " narrow" : "";
  const grid = element("table", "", { class: `heat${narrow}`, role: "grid", "aria-label": title });
  grid.createCaption().textContent = title;

  const head = grid.createTHead().insertRow();
  head.append(element("th", capitalized(rows), { scope: "col" }));
  for (const { name } of columnValues) {
    const cell = element("th", "", { scope: "col" });
    cell.append(element("span", name));
    head.append(cell);
  }

  const body = grid.createTBody();
  const cells = rowValues.map((row, rowPlace) => {
    const line = body.insertRow();
    line.append(element("th", row.name, { scope: "row" }));
    return columnValues.map((column, columnPlace) => {
      const cell = heatCell(data.rates, fieldAt(rowPlace, columnPlace), rest, `${row.name} × ${column.name}`);
      cell.dataset.goto = `#tests&${new URLSearchParams({ [DIMENSION + rows]: row.id, [DIMENSION + columns]: column.id })}`;
      line.append(cell);
      return cell;
    });
  });
  moveByKeys(grid, cells, tell);
  return grid;
}

/** The fields of two dimensions, whichever of them the data has as rows. */
function fieldsOf(data, rows, columns) {
  const map = data.maps.find((each) => [each.rows, each.columns].every((id) => id === rows || id === columns));
  const isTurned = map.rows !== rows;
  const known = new Map(map.fields.map(([row, column, ...field]) => [`${row}/${column}`, field]));
  return {
    rest: map.rest,
    fieldAt: (row, column) => known.get(isTurned ? `${column}/${row}` : `${row}/${column}`),
  };
}

function heatCell(rates, field, rest, name) {
  const [unsafe, safe, undecided, standing] = field ?? [0, 0, "", rest];
  const [colour, rate] = rates[`${unsafe}/${safe}`] ?? ["", ""];
  const cell = element("td", "", { role: "gridcell", tabindex: "-1" });
  const told = [];
  if (unsafe + safe) {
    cell.textContent = `${unsafe}/${unsafe + safe}`;
    cell.className = colour;
    told.push(`${unsafe} of ${unsafe + safe} unsafe, ${rate}`);
  } else if (undecided) {
    cell.textContent = "–";
    cell.className = "undecided";
  }
  if (undecided) told.push(undecided);
  if (!told.length) {
    cell.className = standing === "open" ? "open" : "untested";
    told.push("not tested");
  }
  if (standing === "given up" || standing === "excluded") {
    cell.textContent ||= "×";
    cell.classList.add("lost");
  }
  if (standing !== "not asked for") told.push(`coverage ${standing}`);
  cell.dataset.told = `${name}: ${told.join("; ")}.`;
  cell.title = cell.dataset.told;
  cell.setAttribute("aria-label", cell.dataset.told);
  return cell;
}

/** One cell is a tab stop; arrow keys, Home and End go on from there. */
function moveByKeys(grid, cells, tell) {
  const last = (row) => cells[row].length - 1;
  let [row, column] = [0, 0];
  cells[0][0].tabIndex = 0;
  const go = (toRow, toColumn) => {
    cells[row][column].tabIndex = -1;
    row = Math.min(Math.max(toRow, 0), cells.length - 1);
    column = Math.min(Math.max(toColumn, 0), last(row));
    cells[row][column].tabIndex = 0;
    cells[row][column].focus();
  };
  const moves = {
    ArrowUp: () => go(row - 1, column),
    ArrowDown: () => go(row + 1, column),
    ArrowLeft: () => go(row, column - 1),
    ArrowRight: () => go(row, column + 1),
    Home: () => go(row, 0),
    End: () => go(row, last(row)),
    Enter: () => (location.hash = cells[row][column].dataset.goto),
  };
  grid.addEventListener("keydown", (event) => {
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    moves[event.key]();
  });
  const toldOf = (event) => event.target.closest("td")?.dataset.told;
  grid.addEventListener("pointerover", (event) => toldOf(event) && tell(toldOf(event)));
  grid.addEventListener("focusin", (event) => toldOf(event) && tell(toldOf(event)));
  grid.addEventListener("click", (event) => {
    const cell = event.target.closest("td");
    if (cell) location.hash = cell.dataset.goto;
  });
}
