// Reads the data that the page carries: JSON, compressed, in base64.

const canUnpack = "DecompressionStream" in window;
const unpacked = new Map();

/** The data of one element, by the end of its id; unpacked once. */
function unpack(name) {
  if (!unpacked.has(name)) unpacked.set(name, unpackNow(document.getElementById(`data-${name}`).textContent));
  return unpacked.get(name);
}

async function unpackNow(text) {
  const signs = atob(text);
  const bytes = new Uint8Array(signs.length);
  for (let place = 0; place < signs.length; place += 1) bytes[place] = signs.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** An element with a text. All texts come in this way, as text: nothing in them is ever read as HTML. */
function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function option(value, text) {
  return element("option", text, { value });
}

function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
