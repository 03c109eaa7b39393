// The page's own behaviour: the address says what is shown, and what is chosen changes the address.

const TEST_ADDRESS = /^#test-(\d+)$/;
const LIST_ADDRESS = /^#tests(?:&(.*))?$/;

async function start() {
  if (!canUnpack) {
    document.getElementById("too-old").hidden = false;
    return;
  }
  const table = await unpack("table");
  document.getElementById("list").hidden = false;
  const list = new TestList(table);
  const dialog = new TestDialog(list);
  const controls = makeFilters(table);
  let shown = null;

  const follow = async () => {
    const asList = LIST_ADDRESS.exec(location.hash);
    const choice = asList ? asList[1] ?? "" : shown ?? "";
    if (choice !== shown) {
      shown = choice;
      const wanted = new URLSearchParams(choice);
      for (const control of controls) control.value = wanted.get(control.name) ?? "";
      list.show(wanted);
    }
    if (asList?.[1]) {
      document.getElementById("tests").scrollIntoView();
      list.goTo(0);
    }
    const asTest = TEST_ADDRESS.exec(location.hash);
    if (asTest) await dialog.open(Number(asTest[1]), shown ? `#tests&${shown}` : "#tests");
  };
  const choose = () => {
    const wanted = new URLSearchParams(controls.filter(({ value }) => value).map(({ name, value }) => [name, value]));
    shown = String(wanted);
    // Not a new entry of the history for every letter that is typed.
    history.replaceState(null, "", shown ? `#tests&${shown}` : "#tests");
    list.show(wanted);
  };
  for (const control of controls) control.addEventListener("input", choose);
  document.getElementById("show-all").addEventListener("click", () => {
    for (const control of controls) control.value = "";
    choose();
  });
  window.addEventListener("hashchange", follow);
  // The charts stand above the list, which an address may lead to: they take their room first.
  await loadPlot();
  const { bars, rates } = await unpack("charts");
  drawBars(bars);
  drawRates(rates);
  if (document.getElementById("heat-maps")) drawHeatMaps(table, await unpack("maps"));
  await follow();
}

/** Fills in the choices, and returns the controls. */
function makeFilters(table) {
  const filters = document.getElementById("filters");
  const fill = (name, values) => {
    filters.querySelector(`[name=${name}]`).append(...values.map(([value, text]) => option(value, text)));
  };
  fill("result", table.results.map((result) => [result, result]));
  fill("kind", table.kinds.filter(Boolean).map((kind) => [kind, kind]));
  const sorts = [["number", "number"], ["p", "p unsafe"], ["severity", "severity"]];
  fill("sort", [...sorts, ...table.dimensions.map(({ id }) => [DIMENSION + id, id])]);
  for (const { id, values } of table.dimensions) {
    const label = element("label", `${capitalized(id)} `);
    const choice = element("select", "", { name: DIMENSION + id });
    choice.append(option("", "any"), ...values.map((value) => option(value.id, value.name)));
    label.append(choice);
    document.getElementById("value-filters").append(label);
  }
  return [...filters.querySelectorAll("select, input")];
}

start();
