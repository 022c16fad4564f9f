// Prints the names of programs that read pages, from three published lists: config/sources/page-bots-names.txt.
// A name is taken where its pattern is plain text and no word of page-bots.txt is in it. A name that is in the user agent of a person, or that an app or a browser calls itself, is left out.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const lists = new URL("../../target/quality/", import.meta.url);
const from = (file) => require(new URL(file, lists).pathname);
const version = (name) => from(`${name}/package.json`).version;

const { Crawlers } = from("es6-crawler-detect/dist/lib/crawler/crawlers.js");
const patterns = [
  ...from("isbot/index.js").list,
  ...new Crawlers().getAll(),
  ...from("crawler-user-agents/crawler-user-agents.json").map((one) => one.pattern),
];
const people = from("user-agents/dist/user-agents.json").map((one) => one.userAgent.toLowerCase());
const never = readFileSync(new URL("people-words.txt", import.meta.url), "utf8")
  .split("\n")
  .map((line) => line.trim())
  .filter((line) => line && !line.startsWith("#"));
const bots = readFileSync(new URL("../../config/sources/page-bots.txt", import.meta.url), "utf8");
const words = bots.split("[browsers]")[0].split("\n").filter((line) => /^[a-z0-9@][^|]*$/.test(line));

const SHORT = 6;

/** The text of a pattern with its edges, or nothing where it is more than text. */
function plain(pattern) {
  let text = pattern.trim().toLowerCase().replace(/\[(\w)\w?\]/g, "$1");
  const begins = text.startsWith("^");
  text = text.replace(/^\^/, "").replace(/^\\b/, "");
  const edge = text.endsWith("\\b");
  text = text.replace(/\\b$/, "").replace(/\\([/.\-+() _@!:,;&'])/g, "$1");
  if (/[\\[\]{}*?|^$]/.test(text) || /[+)(]/.test(text)) return undefined;
  const cut = text.replace(/[/ -]+$/, "");
  text = cut.length > 4 ? cut : text.trim();
  const core = text.replace(/^[/ .-]+|[/ .-]+$/g, "");
  if (core.length < 4 || (begins && core.length < SHORT)) return undefined;
  if (never.includes(core) || core.endsWith("bot") || words.some((word) => core.includes(word))) return undefined;
  const letter = (char) => /[a-z0-9]/.test(char);
  const left = letter(text[0]) ? "|" : "";
  const right = (edge || core.length <= SHORT) && letter(text.at(-1)) ? "|" : "";
  return { core, word: left + text + right };
}

const found = new Map();
for (const pattern of patterns) {
  const name = plain(pattern);
  if (name && !people.some((agent) => agent.includes(name.core))) found.set(name.word, name.core);
}
const kept = [];
for (const word of [...found.keys()].sort((a, b) => a.length - b.length || (a < b ? -1 : 1))) {
  const bare = word.replace(/^\||\|$/g, "");
  const longer = kept.some((other) => !other.endsWith("|") && bare.startsWith(other.replace(/^\|/, "")));
  if (!longer) kept.push(word);
}
console.log(`# Names of programs that read pages, as others publish them; written by \`make lists\`: do not change it by hand.
# ${new Date().toISOString().slice(0, 10)}, from isbot ${version("isbot")} (Unlicense), es6-crawler-detect \
${version("es6-crawler-detect")} (MIT), crawler-user-agents ${version("crawler-user-agents")} (MIT).
# Marks are those of page-bots.txt.
[words]
${kept.sort().join("\n")}`);
