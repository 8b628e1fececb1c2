// Words and numbers in the person's language. One file a language, in words/.
import { useScript } from "./script.js";
import * as state from "./state.js";

/** @typedef {"en" | "zh-CN" | "zh-TW"} Code */

/** @type {Record<Code, string>} */
export const NAMES = { en: "English", "zh-CN": "简体中文", "zh-TW": "繁體中文" };

/** @type {Code} */
let code = "en";
/** @type {Record<string, string>} */
let words = {};
/** @type {Set<(code: Code) => void>} */
const listeners = new Set();

/** The language in use: en, zh-CN or zh-TW. @returns {Code} */
export function language() {
  return code;
}

/** Whether it is written in Chinese. */
export function isChinese() {
  return code !== "en";
}

/** The one remembered, else the browser's. @returns {Code} */
export function preferred() {
  const kept = state.get("language");
  if (Object.hasOwn(NAMES, kept)) return kept;
  for (const wanted of navigator.languages) {
    const lower = wanted.toLowerCase();
    if (lower.startsWith("zh")) return /hant|-tw|-hk|-mo/.test(lower) ? "zh-TW" : "zh-CN";
    if (lower.startsWith("en")) return "en";
  }
  return "en";
}

/**
 * Load a language's words and use them from now on.
 * @param {Code} next
 * @param {boolean} [remember] whether the person chose it
 */
export async function setLanguage(next, remember = true) {
  [words] = await Promise.all([import(`../words/${next}.js`).then((found) => found.default), useScript(next === "zh-TW")]);
  code = next;
  document.documentElement.lang = next;
  if (remember) state.set("language", next);
  for (const listener of listeners) listener(next);
}

/** @param {(code: Code) => void} listener @returns {() => void} */
export function onLanguage(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const PLACE = /((?<=\p{Script=Han}) )?\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}( (?=\p{Script=Han}))?/gu;

/**
 * A text. `{name}` stands for a fact, and `{n|frame|frames}` for the first word where the fact is 1, else the second.
 * The space between Chinese and a fact falls away where the fact is Chinese, too.
 * @param {string} key
 * @param {Record<string, unknown>} [facts]
 */
export function t(key, facts = {}) {
  return (words[key] ?? key).replace(PLACE, (_, before = "", name, one, many, after = "") => {
    if (one !== undefined) return before + (Number(facts[name]) === 1 ? one : many) + after;
    const fact = facts[name];
    const text = typeof fact === "number" ? number(fact) : String(fact ?? "");
    return (/^\p{Script=Han}/u.test(text) ? "" : before) + text + (/\p{Script=Han}$/u.test(text) ? "" : after);
  });
}

/** Whether there is such a text. @param {string} key */
export const has = (key) => key in words;

/** A number in digits, with at most so many behind the point. @param {number} value @param {number} [digits] */
export function number(value, digits = 1) {
  return new Intl.NumberFormat(code, { maximumFractionDigits: digits }).format(value);
}

/** Bytes, in units of 1024 as memory and the server's limits are counted. @param {number} bytes */
export function size(bytes) {
  const steps = ["B", "KB", "MB", "GB", "TB"];
  let step = 0;
  let value = bytes;
  for (; value >= 1000 && step < steps.length - 1; step += 1) value /= 1024;
  return `${number(value, value < 100 && step > 1 ? 1 : 0)} ${steps[step]}`;
}

/** A span of time in its largest one or two units: 6 s, 2 min 5 s, 1 h 12 min. @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return t("app.seconds", { n: seconds < 10 && seconds % 1 ? number(seconds) : whole });
  if (whole < 3600) {
    const rest = whole < 600 ? whole % 60 : 0;
    const minutes = t("app.minutes", { n: whole < 600 ? Math.floor(whole / 60) : Math.round(whole / 60) });
    return rest ? `${minutes} ${t("app.seconds", { n: rest })}` : minutes;
  }
  const minutes = Math.round((whole % 3600) / 60);
  const hours = t("app.hours", { n: Math.floor(whole / 3600) });
  return minutes ? `${hours} ${t("app.minutes", { n: minutes })}` : hours;
}

/** Day and time, in short. @param {number} unixSeconds */
export function moment(unixSeconds) {
  return new Intl.DateTimeFormat(code, { dateStyle: "medium", timeStyle: "short" }).format(unixSeconds * 1000);
}

/** How long ago, in words ("3 minutes ago"); the date where a clock is wrong and it is still to come.
 * @param {number} unixSeconds */
export function ago(unixSeconds) {
  const seconds = unixSeconds - Date.now() / 1000;
  if (seconds >= 60) return moment(unixSeconds);
  const words = new Intl.RelativeTimeFormat(code, { numeric: "auto" });
  /** @type {[Intl.RelativeTimeFormatUnit, number][]} */
  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return words.format(Math.round(seconds / length), unit);
  }
  return words.format(0, "minute");
}
