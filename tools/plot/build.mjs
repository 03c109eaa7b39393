// Writes the part of Observable Plot that the pages use, as one script. It begins with the licences of all that is in
// it, since every report passes it on.

import { build } from "esbuild";
import { readFile, readdir, writeFile } from "node:fs/promises";

const FILE = "../../astral/report/templates/plot.min.js";
const USED = ["areaY", "axisX", "axisY", "barX", "cell", "dot", "gridX", "gridY", "lineY", "plot", "ruleX", "ruleY", "text"];

const { outputFiles, metafile } = await build({
  stdin: { contents: `export { ${USED.join(", ")} } from "@observablehq/plot";`, resolveDir: "." },
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "Plot",
  target: "es2022",
  legalComments: "none",
  metafile: true,
  write: false,
});
const [{ inputs }] = Object.values(metafile.outputs);
const held = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput).map(([path]) => path);
const folders = new Set(held.map((path) => /^node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean));
const licences = await Promise.all([...folders].sort().map(licenceOf));

const script = `/* Made by "make plot".\n\n${licences.join("\n\n")}*/\n${outputFiles[0].text}`;
await writeFile(FILE, script);
console.log(`${script.length} signs of ${folders.size} packages`);

async function licenceOf(folder) {
  const { version } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name));
  const text = (await readFile(`${folder}/${file}`, "utf8")).trim();
  return `${folder.replace("node_modules/", "")} ${version}\n\n${text}\n`;
}
