// What the settings will make and cost here, asked as they change.
import * as api from "../api.js";
import { clear, el } from "../dom.js";
import { explain } from "../errors.js";
import { duration, number, size, t } from "../i18n.js";
import * as state from "../state.js";
import { USUAL, card, cards, isAuto, planned } from "./asked.js";
import { besidesKind } from "./models.js";

const PAUSE_MS = 250;
/** What is tried, in this order, where the settings do not fit. */
const SMALLER = [{ size: "768p" }, { size: "512p" }, { size: "512p", num_frames: 16 }, { size: "512p", num_frames: 8 }];

/**
 * @param {(plan: any, wrong: import("../errors.js").Said | null) => void} told each new plan, or what is wrong
 *   with the settings; null while nothing is known
 */
export function estimate(told) {
  const line = el("p", { class: "estimate", "aria-live": "polite" });
  const more = el("div", { class: "remarks" });
  let timer = 0;
  let abort = new AbortController();

  const look = async () => {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const picture = state.get("picture");
    const coming = picture ? null : state.get("shape");
    if (coming && !coming.width) return;
    const known = picture ?? coming;
    const place = known?.width ? { width: known.width, height: known.height } : USUAL;
    try {
      const plan = await api.plan({ ...planned(), ...place }, signal);
      chose(plan.model);
      told(plan, null);
      draw(plan, !known?.width);
      if (!plan.fits) await offerSmaller(place, plan, signal);
    } catch (error) {
      if (signal.aborted) return;
      const said = explain(error);
      told(null, said.code === "offline" ? null : said);
      clear(more);
      clear(line, said.code === "offline" ? null : el("span", { class: "error-text", text: said.message }));
    }
  };

  /** @param {any} plan @param {boolean} guessed */
  const draw = (plan, guessed) => {
    const facts = {
      seconds: number(plan.seconds, 1), width: String(plan.width), height: String(plan.height),
      time: duration(plan.estimated_seconds), memory: size(plan.estimated_peak_bytes),
    };
    clear(
      line,
      el("span", null, el("span", { class: "wide", text: `${t("plan.frames", { n: plan.num_frames })}${t("plan.join")}` }), t("plan.line", facts)),
      el("span", { class: plan.fits ? "" : "error-text", text: `${t("plan.cost", facts)}${t("plan.join")}${t(plan.fits ? "plan.fits" : "plan.tight")}` }),
    );
    clear(
      more,
      guessed && el("p", { class: "muted", text: t("plan.no_picture") }),
      plan.fits || remarks(plan).length ? null : el("p", { text: t("plan.too_big", facts) }),
      remarks(plan).map((/** @type {string} */ note) => el("p", { class: "muted", text: note })),
    );
  };

  /** @param {{width: number, height: number}} place @param {any} plan @param {AbortSignal} signal */
  const offerSmaller = async (place, plan, signal) => {
    const short = Math.min(plan.width, plan.height);
    for (const change of SMALLER) {
      if (parseInt(change.size) >= short && (change.num_frames ?? plan.num_frames) >= plan.num_frames) continue;
      const fits = await api.plan({ ...planned(), ...change, ...place }, signal).then((it) => it.fits, () => false);
      if (signal.aborted) return;
      if (fits) {
        more.append(way(t("plan.use", { change: inWords(change) }), () => state.setSettings(change)));
        return;
      }
    }
    const other = cards().find((one) => one.id !== card()?.id && !one.generative);
    more.append(el("p", { class: "muted", text: t("plan.nothing_fits") }));
    if (other) more.append(way(t("plan.use_model", { model: other.title }), () => state.setSettings({ model: other.id, size: null, num_frames: null })));
  };

  const later = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void look(), PAUSE_MS);
  };
  clear(line, el("span", { class: "muted", text: t("plan.thinking") }));
  const stops = ["settings", "english", "picture", "last", "shape", "models", "online"].map((name) => state.on(name, later));
  void look();
  return {
    line,
    more,
    stop() {
      for (const stop of stops) stop();
      clearTimeout(timer);
      abort.abort();
    },
  };
}

/** Keep which model the server chose: the form's limits are that one's. @param {string} model */
function chose(model) {
  if (!isAuto() || state.get("chosen") === model) return;
  state.set("chosen", model);
  state.set("settings", { ...state.get("settings") });
}

/** A plan's notes, without those that the page says in its own way: what it is, and how to get its files.
 * @param {any} plan @returns {string[]} */
function remarks(plan) {
  const wished = Boolean(state.get("settings").prompt);
  const notes = plan.generative ? plan.notes : wished || isAuto() ? besidesKind(plan.notes) : [];
  return notes.filter((/** @type {string} */ note) => !note.includes("unstill models pull"));
}

/** @param {string} label @param {() => void} run */
function way(label, run) {
  return el("button", { type: "button", class: "link", text: label, on: { click: run } });
}

/** @param {{size: string, num_frames?: number}} change */
function inWords(change) {
  return change.num_frames ? `${change.size}, ${t("plan.frames", { n: change.num_frames })}` : change.size;
}
