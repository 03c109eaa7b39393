// One test, opened: what is known of it, and its texts once the reader asks for them.

class TestDialog {
  constructor(list) {
    this.list = list;
    this.dialog = document.getElementById("test");
    this.texts = document.getElementById("test-texts");
    this.switch = document.getElementById("show-texts");
    document.getElementById("test-previous").addEventListener("click", () => this.step(-1));
    document.getElementById("test-next").addEventListener("click", () => this.step(1));
    document.getElementById("test-close").addEventListener("click", () => this.dialog.close());
    this.switch?.addEventListener("change", () => this.showTexts());
    // Whichever way it is closed, by Escape too: the address goes back to the list, the focus to the row, or,
    // as the browser does by itself, to whatever else opened it.
    this.dialog.addEventListener("close", () => {
      history.replaceState(null, "", this.behind || "#tests");
      if (this.isFromList && this.rank >= 0) this.list.goTo(this.rank);
    });
  }

  /** Opens the test of this number; false where the page has none. */
  async open(number, behind) {
    const place = this.list.places.get(number);
    if (place === undefined) return false;
    const { table } = this.list;
    this.behind = behind;
    this.rank = this.list.fitting.indexOf(place);
    const details = (await unpack(`details-${Math.floor(place / table.block)}`))[place % table.block];
    const result = table.results[this.list.result[place]];
    const kind = table.kinds[this.list.kind[place]];
    const p = shownP(this.list.p[place]);
    const parts = [`#${number}`, kind ? `${result}, ${kind}` : result, p && `p ${p}`];
    document.getElementById("test-title").textContent = parts.filter(Boolean).join(" · ");
    document.getElementById("test-values").textContent = this.list.valuesOf(place).join(" · ");
    const facts = details.facts.flatMap(([name, text]) => [element("dt", name), element("dd", text, { dir: "auto" })]);
    document.getElementById("test-facts").replaceChildren(...facts);
    document.getElementById("test-previous").disabled = this.rank <= 0;
    document.getElementById("test-next").disabled = this.rank < 0 || this.rank + 1 >= this.list.fitting.length;
    this.texts?.replaceChildren(...(details.texts ?? []).flatMap(([label, text, picture]) => [
      element("p", label, { class: "text-label" }),
      picture
        ? element("img", "", { class: "picture", src: picture, alt: text })
        : element("div", text, { class: "text", dir: "auto" }),
    ]));
    this.showTexts();
    if (!this.dialog.open) {
      this.isFromList = this.list.body.contains(document.activeElement);
      this.dialog.showModal();
    }
    document.getElementById("test-title").focus();
    this.dialog.scrollTop = 0;
    return true;
  }

  showTexts() {
    if (this.texts) this.texts.hidden = !this.switch.checked;
  }

  step(by) {
    const number = this.list.number[this.list.fitting[this.rank + by]];
    history.replaceState(null, "", `#test-${number}`);
    this.open(number, this.behind);
  }
}
