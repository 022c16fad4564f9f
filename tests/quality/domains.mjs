// Writes the sets of free-mail and disposable domains that are built in, from published lists, into
// crates/core/src/identity/data/*.bin: the upper 40 bits of each domain's hash, sorted (`domain_set.rs` reads them).
// A company whose own people have addresses there (`+` and `/` in shared-hosting.txt, company-domains.txt) is left out.
// `--without NAME` leaves one list out, to measure on it; `--to FOLDER` writes there.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync, readdirSync } from "node:fs";

const require = createRequire(import.meta.url);
const lists = new URL("../../target/quality/", import.meta.url).pathname;
const data = new URL("../../crates/core/src/identity/data/", import.meta.url).pathname;
const option = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};

const words = (text) => text.split(/\s+/).filter(Boolean);
const file = (path) => readFileSync(lists + path, "utf8");
const quoted = (text) => [...text.matchAll(/["']([a-z0-9.-]+\.[a-z0-9-]+)["']/g)].map((found) => found[1]);

const FREE = {
  "free-email-domains": () => JSON.parse(file("free-email-domains/domains.json")),
  freemail: () => words(file("freemail/data/free.txt")),
  "email-providers": () => JSON.parse(file("email-providers/all.json")),
  "personal-email-domains": () => JSON.parse(file("personal-email-domains/index.json")),
};
const DISPOSABLE = {
  "disposable-email-domains-js": () =>
    JSON.parse(file("disposable-email-domains-js/dist/dict/disposable_email_blocklist.json")),
  "disposable-email-domains": () => [
    ...JSON.parse(file("disposable-email-domains/index.json")),
    ...JSON.parse(file("disposable-email-domains/wildcard.json")),
  ],
  freemail: () => words(file("freemail/data/disposable.txt")),
  mailchecker: () => quoted(file("mailchecker/platform/node/index.js")),
  "disposable-email-domains (PyPI)": () =>
    quoted(file("pypi-disposable/disposable_email_domains/__init__.py")),
  "is-burner-email": () => words(file("is-burner-email/is_burner_email/data/blacklist.txt")),
};

const companies = new Set(
  words(
    readFileSync(data + "shared-hosting.txt", "utf8").replace(/^[^+/].*$/gm, "").replace(/^[+/]/gm, "") +
      readFileSync(new URL("company-domains.txt", import.meta.url), "utf8").replace(/#.*$/gm, ""),
  ),
);

const MASK = (1n << 64n) - 1n;
function key(domain) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(domain)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & MASK;
  return (hash ^ (hash >> 32n)) >> 24n;
}

function build(sources, taken) {
  const domains = new Set();
  for (const [name, read] of Object.entries(sources)) {
    if (name === option("--without")) continue;
    for (const raw of read()) {
      const domain = String(raw).trim().toLowerCase();
      if (/^[a-z0-9.-]+\.[a-z0-9-]+$/.test(domain) && !companies.has(domain) && !taken.has(domain)) domains.add(domain);
    }
  }
  return domains;
}

function write(name, domains) {
  const keys = [...new Set([...domains].map(key))].sort((a, b) => (a < b ? -1 : 1));
  const bytes = Buffer.alloc(keys.length * 5);
  keys.forEach((hash, at) => bytes.writeUIntBE(Number(hash), at * 5, 5));
  writeFileSync((option("--to") ?? data) + name, bytes);
  console.log(`${name}: ${keys.length} domains, ${bytes.length} bytes`);
}

const free = build(FREE, new Set());
write("free-mail.bin", free);
write("disposable.bin", build(DISPOSABLE, free));
