// The composer's settings as a call of the API: for a terminal, and for Python.
import { asked } from "./create/asked.js";
import { button, el } from "./dom.js";
import { t } from "./i18n.js";
import * as state from "./state.js";
import { copyButton } from "./system_copy.js";

/** Fields that openai's client knows by name; all others go through `extra_body`. */
const KNOWN = new Set(["prompt", "model", "seconds", "size"]);
const PICTURE = "photo.jpg";
const KEY = "UNSTILL_API_KEY";

/**
 * @typedef {{prompt: string, [name: string]: unknown}} Fields
 */

/**
 * For a shell. Texts are sent as they are (`--form-string`): a leading @ is no file, a semicolon no type.
 * @param {Fields} fields
 * @param {string} host
 * @param {boolean} withKey
 */
export function curlOf(fields, host, withKey) {
  const lines = [`curl ${host}/v1/videos`];
  if (withKey) lines.push(`-H "Authorization: Bearer $${KEY}"`);
  lines.push(`-F ${quoted(`input_reference=@${forCurl(pictureName())}`)}`);
  for (const [name, value] of flat(fields)) lines.push(`--form-string ${quoted(`${name}=${value}`)}`);
  return lines.join(" \\\n  ");
}

/**
 * For Python, with openai's client.
 * @param {Fields} fields
 * @param {string} host
 * @param {boolean} withKey
 */
export function pythonOf(fields, host, withKey) {
  const named = Object.entries(fields).filter(([name]) => KNOWN.has(name));
  const more = Object.entries(fields).filter(([name]) => !KNOWN.has(name));
  const key = withKey ? `os.environ["${KEY}"]` : '"none"';
  return [
    ...(withKey ? ["import os", ""] : []),
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${host}/v1", api_key=${key})`,
    "video = client.videos.create_and_poll(",
    ...named.map(([name, value]) => `    ${name}=${python(name === "seconds" ? String(value) : value)},`),
    `    input_reference=open(${python(pictureName())}, "rb"),`,
    ...(more.length ? [`    extra_body=${python(Object.fromEntries(more))},`] : []),
    ")",
    "if video.error:",
    "    raise SystemExit(video.error.message)",
    'client.videos.download_content(video.id).write_to_file("clip.mp4")',
  ].join("\n");
}

function pictureName() {
  return state.get("picture")?.name || PICTURE;
}

/** Options as `options[strength]`, as forms have them. @param {Fields} fields @returns {[string, string][]} */
function flat(fields) {
  return Object.entries(fields).flatMap(([name, value]) =>
    value !== null && typeof value === "object"
      ? Object.entries(value).map(([inner, one]) => /** @type {[string, string]} */ ([`${name}[${inner}]`, String(one)]))
      : [/** @type {[string, string]} */ ([name, String(value)])],
  );
}

/** A file's name as curl reads it in a form. @param {string} name */
function forCurl(name) {
  return /[;,"\\]/.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}"` : name;
}

/** One word for a POSIX shell. @param {string} text */
function quoted(text) {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A value as Python writes it. @param {unknown} value @returns {string} */
function python(value) {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${python(one)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}

/**
 * The part of the page that shows them.
 * @param {boolean} withKey whether this server asks for a key
 */
export function callPart(withKey) {
  const code = el("code");
  const block = el("pre", { class: "code", tabindex: "0", role: "region", "aria-label": t("system.call_title") }, code);
  const ways = { curl: curlOf, Python: pythonOf };
  let way = /** @type {keyof typeof ways} */ ("curl");
  const draw = () => {
    code.textContent = ways[way](/** @type {Fields} */ (asked()), location.origin, withKey);
    for (const one of choice.children) one.setAttribute("aria-pressed", String(one.textContent === way));
  };
  const choice = el("div", { class: "row", role: "group", "aria-label": t("system.call_way") });
  for (const name of /** @type {(keyof typeof ways)[]} */ (Object.keys(ways))) {
    choice.append(button(name, () => {
      way = name;
      draw();
    }));
  }
  const node = el("div", { class: "stack" },
    el("p", { class: "muted", text: t("system.call_about") }),
    el("div", { class: "code-bar" }, choice, copyButton(() => code.textContent ?? "")),
    block,
    el("p", null, el("a", { href: "/docs", text: t("system.docs") })));
  draw();
  const stops = ["settings", "picture", "models"].map((name) => state.on(name, draw));
  return { node, stop: () => stops.forEach((stop) => stop()) };
}
