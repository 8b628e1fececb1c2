// Camera moves and air, as chips that write into the prompt and take themselves out again.
import { button, clear, el } from "../dom.js";
import { isChinese, t } from "../i18n.js";
import * as state from "../state.js";
import { card } from "./asked.js";

/** Name of the word, and what is written in English. The Chinese words are written as they are shown. */
export const MOVES = [
  ["push_in", "push in"], ["pull_back", "pull back"], ["pan_left", "pan left"], ["pan_right", "pan right"],
  ["orbit", "orbit"], ["tilt_up", "tilt up"], ["tilt_down", "tilt down"], ["crane_up", "crane up"],
  ["handheld", "hand-held"], ["static", "stand still"],
];
export const AIR = [
  ["clouds", "drifting clouds"], ["water", "water shimmer"], ["snow", "snow"], ["rain", "rain"], ["fog", "fog"],
  ["dust", "floating dust"], ["petals", "falling petals"], ["flicker", "flickering light"],
];
const FIRST = 5;

export function chips() {
  let open = state.get("folded")?.chips === false;
  const list = el("div", { class: "chips", role: "group", "aria-label": t("create.chips") });

  const draw = () => {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.chip : undefined;
    const all = [...MOVES, ...AIR];
    const prompt = String(state.get("settings").prompt ?? "");
    const seen = all.filter(([name, english], place) => open || place < FIRST || isIn(prompt, phrase(name, english)));
    clear(
      list,
      seen.map(([name, english]) => chip(name, phrase(name, english), prompt)),
      button(t(open ? "create.fewer_chips" : "create.more_chips"), fold, {
        kind: "quiet", class: "chip", "aria-expanded": String(open), "data-chip": "more",
      }),
    );
    if (focused) list.querySelector(`[data-chip="${focused}"]`)?.dispatchEvent(new CustomEvent("refocus"));
  };
  const fold = () => {
    open = !open;
    state.set("folded", { ...state.get("folded"), chips: !open });
    draw();
  };
  list.addEventListener("refocus", (event) => /** @type {HTMLElement} */ (event.target).focus(), true);
  draw();
  const stops = ["settings", "models"].map((name) => state.on(name, draw));
  return {
    node: list,
    stop() {
      for (const stop of stops) stop();
    },
  };
}

/** What a chip writes: in the page's language where the model reads it. @param {string} name @param {string} english */
function phrase(name, english) {
  return isChinese() && card()?.prompt_languages.includes("zh") ? t(`move.${name}`) : english;
}

/** @param {string} name @param {string} words @param {string} prompt */
function chip(name, words, prompt) {
  return button(t(`move.${name}`), () => state.setSettings({ prompt: toggled(prompt, words) }), {
    class: "chip", "aria-pressed": String(isIn(prompt, words)), "data-chip": name,
  });
}

/** @param {string} prompt @returns {string[]} */
function clauses(prompt) {
  return prompt.split(/\s*[,，、;；]\s*/).filter(Boolean);
}

/** @param {string} prompt @param {string} words */
export function isIn(prompt, words) {
  return clauses(prompt.toLowerCase()).includes(words.toLowerCase());
}

/** The prompt with the words at its end, or without them. @param {string} prompt @param {string} words */
export function toggled(prompt, words) {
  const comma = /[\u3400-\u9fff]/.test(prompt || words) ? "，" : ", ";
  const parts = clauses(prompt);
  const rest = parts.filter((part) => part.toLowerCase() !== words.toLowerCase());
  return (rest.length < parts.length ? rest : [...parts, words]).join(comma);
}
