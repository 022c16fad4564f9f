// Prints the networks of link scanners: config/sources/link-scanner-networks.txt. They are those that the makers' own
// autonomous systems announce, from the list of @ip-location-db/asn. A maker whose network carries people's browsing
// (Zscaler, Forcepoint, Palo Alto, Fortinet, Check Point's SSE) is left out, and so is who scans from a public cloud.
import { readFileSync } from "node:fs";

const SYSTEMS = {
  "Barracuda Networks": [15324],
  "Cisco Secure Email (IronPort)": [16417, 30215, 30238, 40427],
  Hornetsecurity: [401943],
  Mimecast: [30031, 37235, 39588, 42427, 60492, 136792, 397726],
  "N-able (SpamExperts)": [43054],
  Proofpoint: [13916, 22843, 26211, 52129],
  retarus: [48328],
  Sophos: [58976],
  "Trend Micro": [16880, 132229],
  Trellix: [17330, 46484],
};

const folder = new URL("../../target/quality/asn/", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));

const four = (text) => text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
function six(text) {
  const [head, tail] = text.split("::").map((half) => half.split(":").filter(Boolean));
  const words = tail === undefined ? head : [...head, ...Array(8 - head.length - tail.length).fill("0"), ...tail];
  return words.reduce((sum, word) => sum * 65536n + BigInt(`0x${word}`), 0n);
}
const text4 = (number) => [24n, 16n, 8n, 0n].map((bits) => (number >> bits) & 255n).join(".");
function text6(number) {
  const words = [...Array(8).keys()].map((at) => ((number >> BigInt(112 - 16 * at)) & 65535n).toString(16));
  return words.join(":").replace(/(^|:)0(:0)+$/, "::");
}

/** The networks that make up a range of addresses. */
function networks(from, to, bits, text) {
  const found = [];
  while (from <= to) {
    let host = 0n;
    while (host < bits && (from & ((1n << (host + 1n)) - 1n)) === 0n && from + (1n << (host + 1n)) - 1n <= to) host += 1n;
    found.push(`${text(from)}/${bits - host}`);
    from += 1n << host;
  }
  return found;
}

const ranges = new Map();
for (const [file, parse, bits, text] of [
  ["asn-ipv4.csv", four, 32n, text4],
  ["asn-ipv6.csv", six, 128n, text6],
]) {
  for (const line of readFileSync(new URL(file, folder), "utf8").split("\n")) {
    const [from, to, system] = line.split(",", 3);
    if (!Object.values(SYSTEMS).some((systems) => systems.includes(Number(system)))) continue;
    const all = ranges.get(Number(system)) ?? [];
    all.push(...networks(parse(from), parse(to), bits, text));
    ranges.set(Number(system), all);
  }
}

console.log(`# Networks of link scanners, by the autonomous systems of their makers; written by \`make lists\`: do not change it by
# hand. ${new Date().toISOString().slice(0, 10)}, from @ip-location-db/asn ${version} (IP to ASN Lite by DB-IP, CC BY 4.0).`);
for (const [maker, systems] of Object.entries(SYSTEMS)) {
  console.log(`# ${maker}`);
  for (const network of systems.flatMap((system) => ranges.get(system) ?? [])) console.log(network);
}
