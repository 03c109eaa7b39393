"use strict";
(() => {
  const tools = document.getElementById("tools");
  if (!tools) return;
  tools.hidden = false;

  const rows = Array.from(document.querySelectorAll(".tests > li"));
  const result = document.getElementById("by-result");
  const words = document.getElementById("by-words");
  const shown = document.getElementById("shown");
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const label = row.querySelector("summary").textContent.toLowerCase();
      const fits = (!result.value || row.dataset.result === result.value) && wanted.every((word) => label.includes(word));
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} shown`;
  };
  result.addEventListener("change", filter);
  words.addEventListener("input", filter);

  const texts = document.getElementById("show-texts");
  if (texts) {
    texts.addEventListener("change", () => {
      for (const fold of document.querySelectorAll("details.test, details.texts")) fold.open = texts.checked;
    });
  }
})();
