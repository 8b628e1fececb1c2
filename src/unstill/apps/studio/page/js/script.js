// What the server says, which knows one Chinese script, in the other where the person reads that.
/** @typedef {{from: string, to: string, phrases: [string, string][]}} Table */

/** The entries of an answer that are the server's own words. A person's own are never changed. */
const SAID = new Set([
  "message", "hint", "notes", "description", "title", "seen", "fix", "detail", "licence_zh", "zh", "what", "about",
]);
/** @type {{phrases: RegExp, of: Map<string, string>} | null} */
let table = null;

/** Use Traditional characters from now on, or the server's own again. @param {boolean} traditional */
export async function useScript(traditional) {
  if (!traditional) {
    table = null;
    return;
  }
  const { from, to, phrases } = /** @type {Table} */ (/** @type {unknown} */ (await import("../words/traditional.js")));
  const signs = [...to];
  const of = new Map([...[...from].map((sign, n) => /** @type {[string, string]} */ ([sign, signs[n]])), ...phrases]);
  table = { phrases: new RegExp([...phrases.map(([phrase]) => phrase), `[${from}]`].join("|"), "g"), of };
}

/** A text of the server's. @param {string} text */
export function inScript(text) {
  const { phrases, of } = table ?? {};
  return phrases ? text.replace(phrases, (found) => of?.get(found) ?? found) : text;
}

/**
 * An answer of the server, its own words in the person's script.
 * @template T
 * @param {T} answer
 * @returns {T}
 */
export function told(answer) {
  return table ? /** @type {T} */ (walked(answer, false)) : answer;
}

/** @param {unknown} value @param {boolean} said whether it is the server's words @returns {unknown} */
function walked(value, said) {
  if (typeof value === "string") return said ? inScript(value) : value;
  if (Array.isArray(value)) return value.map((one) => walked(one, said));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [
    name, walked(inner, SAID.has(name) && (typeof inner === "string" || Array.isArray(inner))),
  ]));
}
