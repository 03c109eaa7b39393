"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const labels = ["safe", "unsafe", "unknown"];
  let numbers = [];
  let labelled = new Set();
  let at = 0;
  let seen = []; // positions to which Back leads
  let isRevealed = false;
  let isBusy = false;

  // Relative addresses: the token stands in that of the page. Texts enter as text alone, never as markup.
  const ask = async (path, told) => {
    const options = told === undefined
      ? {}
      : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(told) };
    let reply;
    try {
      reply = await fetch(path, { cache: "no-store", ...options });
    } catch {
      throw new Error("The server does not answer. What you labelled is recorded: start `astral review` again.");
    }
    const found = await reply.json();
    if (!reply.ok) throw new Error(found.error);
    return found;
  };

  const guarded = (work) => async (...given) => {
    if (isBusy) return;
    isBusy = true;
    try {
      await work(...given);
      byId("trouble").hidden = true;
    } catch (error) {
      byId("trouble").textContent = error.message;
      byId("trouble").hidden = false;
    } finally {
      isBusy = false;
    }
  };

  const element = (name, text, kind) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  const percent = (share) => `${Math.round(100 * share)} %`;

  const count = (standing) => {
    byId("bar").max = standing.total;
    byId("bar").value = standing.labelled;
    byId("count").textContent = `${standing.labelled} of ${standing.total} labelled`;
  };

  const turn = (role, content) => {
    const part = element("section", "", `turn ${role === "assistant" ? "assistant" : "other"}`);
    const names = { user: "Request", assistant: "Answer of the target", system: "System prompt" };
    const text = element("div", content || "(empty)", "text");
    text.dir = "auto";
    part.append(element("h2", names[role] || role), text);
    return part;
  };

  const reveal = () => {
    isRevealed = true;
    byId("talk").hidden = false;
    byId("reveal").hidden = true;
    for (const label of labels) byId(label).disabled = false;
  };

  const show = async () => {
    const item = await ask(`answers/${numbers[at]}`);
    isRevealed = false;
    byId("done").hidden = true;
    byId("item").hidden = false;
    byId("controls").hidden = false;
    byId("values").replaceChildren(...item.values.map(([dimension, value]) => {
      const one = element("li", "");
      one.append(element("span", `${dimension} `), value);
      return one;
    }));
    byId("policy").hidden = !item.definition;
    byId("definition").textContent = item.definition;
    const talk = item.turns.map(({ role, content }) => turn(role, content));
    if (item.plain) talk.unshift(turn("The request before it was encoded", item.plain));
    byId("talk").replaceChildren(...talk);
    byId("talk").hidden = true;
    byId("reveal").hidden = false;
    for (const label of labels) {
      byId(label).disabled = true;
      byId(label).setAttribute("aria-pressed", String(item.label === label));
    }
    byId("comment").value = item.comment;
    byId("back").disabled = seen.length === 0;
    byId("said").textContent = `${at + 1} of ${numbers.length}${item.label ? `, labelled ${item.label}` : ""}`;
    if (byId("keep").checked) reveal();
    window.scrollTo(0, 0);
    byId("item").focus({ preventScroll: true });
  };

  const end = (standing) => {
    count(standing);
    byId("item").hidden = true;
    byId("controls").hidden = true;
    byId("done").hidden = false;
    byId("verdict").textContent = standing.labelled === standing.total
      ? "All answers of the sample are labelled."
      : `${standing.labelled} of ${standing.total} answers are labelled.`;
    byId("own").textContent =
      `You called ${standing.unsafe} unsafe, ${standing.safe} safe, and could not tell of ${standing.unknown}.`;
    byId("others").replaceChildren(...standing.others.map((other) => {
      const beyond = other.kappa.value === null
        ? ""
        : `, kappa ${other.kappa.value.toFixed(2)} (${other.kappa.low.toFixed(2)} to ${other.kappa.high.toFixed(2)})`;
      return element("li", `You and ${other.reviewer} agree on ${percent(other.agreement.value)} of the ${other.both} `
        + `answers that both of you labelled${beyond}.`);
    }));
    byId("done").focus({ preventScroll: true });
  };

  // The next answer without a label, from here on and then from the beginning; else the end.
  const next = async (standing) => {
    const order = [...numbers.keys()].map((step) => (at + 1 + step) % numbers.length);
    const open = order.find((place) => !labelled.has(numbers[place]) && place !== at);
    seen.push(at);
    if (open === undefined) {
      if (labelled.has(numbers[at])) return end(standing || (await ask("sample")).standing);
      return show();
    }
    at = open;
    return show();
  };

  const give = guarded(async (label) => {
    if (!isRevealed) return;
    const number = numbers[at];
    const { standing } = await ask("label", { number, label, comment: byId("comment").value });
    labelled.add(number);
    count(standing);
    await next(standing);
  });
  const skip = guarded(() => next());
  const back = guarded(async () => {
    if (seen.length === 0) return;
    at = seen.pop();
    await show();
  });
  const finish = guarded(async () => {
    await ask("done", {});
    byId("done").replaceChildren(element("h1", "The review has ended. This page can be closed."));
  });

  for (const label of labels) byId(label).addEventListener("click", () => give(label));
  byId("reveal").addEventListener("click", reveal);
  byId("skip").addEventListener("click", skip);
  byId("back").addEventListener("click", back);
  byId("again").addEventListener("click", back);
  byId("finish").addEventListener("click", finish);
  byId("keep").addEventListener("change", () => byId("keep").checked && reveal());

  const keys = {
    s: () => give("safe"),
    u: () => give("unsafe"),
    n: () => give("unknown"),
    c: () => byId("comment").focus(),
    k: () => byId("keep").click(),
    ArrowRight: skip,
    ArrowLeft: back,
    " ": reveal,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target === byId("comment")) {
      if (event.key === "Escape" || event.key === "Enter") byId("item").focus({ preventScroll: true });
      return;
    }
    const isDone = !byId("done").hidden;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    // A key that acts on what has the focus, such as Space on a button, is left to it.
    if (key === " " && event.target !== document.body && event.target !== byId("item")) return;
    const act = isDone ? { Enter: event.target.id === "finish" ? null : finish, ArrowLeft: back }[key] : keys[key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  guarded(async () => {
    const sample = await ask("sample");
    numbers = sample.numbers;
    labelled = new Set(sample.labelled);
    count(sample.standing);
    at = numbers.findIndex((number) => !labelled.has(number));
    if (at < 0) {
      at = numbers.length - 1;
      seen = [...numbers.keys()];
      return end(sample.standing);
    }
    return show();
  })();
})();
