// "Not right?": five complaints, each with what it would change before it does.
import * as api from "../api.js";
import { announce } from "../dialog.js";
import { button, clear, el } from "../dom.js";
import { explain } from "../errors.js";
import { has, t } from "../i18n.js";
import { cards } from "./asked.js";

/**
 * @typedef {import("../types.js").Video} Video
 * @typedef {{id: string, symptom: string, advice: string, changes: Record<string, any>}} Advice
 * @typedef {{started: (video: Video) => void, apply: (video: Video, changes: Record<string, any>, go: boolean) => void,
 *   rewrite: (video: Video) => void}} Acts
 */

export const COMPLAINTS = ["little_motion", "blurred", "off_prompt", "too_slow", "out_of_memory"];

/** @param {Video} video @param {Acts} acts @param {string} [first] the one that is open from the start */
export function adviceChips(video, acts, first = "") {
  const told = el("div", { class: "told", "aria-live": "polite" });
  /** @type {Promise<{data: Advice[]}> | null} */
  let asked = null;
  let open = "";

  /** @param {string} id */
  const choose = async (id) => {
    open = open === id ? "" : id;
    for (const chip of row.querySelectorAll("button")) chip.setAttribute("aria-expanded", String(chip.dataset.id === open));
    clear(told);
    if (!open) return;
    asked ??= api.advice({ video: video.id });
    try {
      const advice = (await asked).data.find((one) => one.id === id);
      if (open === id && advice) clear(told, card(video, advice, acts));
    } catch (error) {
      asked = null;
      clear(told, el("p", { class: "error-text", text: explain(error).message }));
    }
  };
  const row = el("div", { class: "row", role: "group", "aria-label": t("advice.title") },
    el("p", { class: "muted", "aria-hidden": "true", text: t("advice.title") }),
    COMPLAINTS.map((id) => button(t(`advice.${id}`), () => void choose(id), { class: "chip", "aria-expanded": "false", "data-id": id })));
  if (first) void choose(first);
  return el("div", { class: "advice" }, row, told);
}

/** @param {Video} video @param {Advice} advice @param {Acts} acts */
function card(video, advice, acts) {
  const rows = changesInWords(video, advice.changes);
  /** @param {boolean} go */
  const apply = (go) => {
    announce(t("advice.applied", { changes: rows.join("; ") }));
    acts.apply(video, advice.changes, go);
  };
  const rewrite = advice.id === "off_prompt";
  return el(
    "div",
    { class: "remedy" },
    el("p", { text: advice.advice }),
    rows.length
      ? [el("p", { class: "muted small", text: t("advice.will_change") }), el("ul", { class: "changes" }, rows.map((text) => el("li", { text })))]
      : rewrite ? null : el("p", { class: "muted small", text: t("advice.nothing") }),
    el(
      "div",
      { class: "row" },
      rows.length ? [button(t("advice.apply"), () => apply(true), { icon: "redo" }), button(t("advice.only_set"), () => apply(false), { kind: "quiet" })] : null,
      rewrite || !rows.length ? button(t("advice.rewrite"), () => acts.rewrite(video), { kind: rewrite ? "plain" : "quiet" }) : null,
    ),
  );
}

/** "Steps: 50 → 60", one for each. @param {Video} video @param {Record<string, any>} changes @returns {string[]} */
export function changesInWords(video, changes) {
  const native = cards().find((one) => one.id === video.model);
  return flat(changes).flatMap(([name, value]) => {
    const short = name.replace("options.", "");
    const isOption = name.startsWith("options.");
    const before = isOption ? (video.request.options?.[short] ?? native?.options[short]?.default) : video.request[name];
    if (before === value) return [];
    const label = has(`settings.${short}`) ? t(`settings.${short}`) : short;
    return [t("advice.change", { name: label, from: shown(before), to: shown(value) })];
  });
}

/** @param {unknown} value */
function shown(value) {
  return value === undefined || value === null ? t("settings.own") : String(value);
}

/** @param {Record<string, any>} changes @returns {[string, unknown][]} */
function flat({ options = {}, ...plain }) {
  const own = Object.entries(options).map(([name, value]) => /** @type {[string, unknown]} */ ([`options.${name}`, value]));
  return [...Object.entries(plain), ...own];
}
