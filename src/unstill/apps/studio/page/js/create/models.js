// Which model: chosen for the person, one that is here, or one that can be had.
import * as api from "../api.js";
import { clear, el } from "../dom.js";
import { duration, size, t } from "../i18n.js";
import * as state from "../state.js";
import { AUTO, card, cards, isAuto, licenceOf } from "./asked.js";

/** @typedef {import("../types.js").Card} Card */

/** What means something else, or nothing, to another model. */
const OF_MODEL = ["size", "fit", "num_frames", "fps", "num_inference_steps", "guidance_scale", "loop", "interpolate", "upscale", "options"];

/** @param {string} id of a model, or AUTO */
export function useModel(id) {
  const none = Object.fromEntries(OF_MODEL.map((name) => [name, null]));
  const isDefault = cards().find((one) => one.id === id)?.default;
  state.setSettings({ ...none, model: isDefault ? null : id });
}

/** What the server says of a model on its computer; nothing until it said. @param {Card} of */
export function suiting(of) {
  return /** @type {Map<string, import("../types.js").Suiting> | undefined} */ (state.get("suiting"))?.get(of.id);
}

/** Those whose files are to be fetched, the best for this computer first. @returns {Card[]} */
export function toBeHad() {
  const rank = (/** @type {Card} */ of) => suiting(of)?.rank ?? 0;
  return cards().filter((one) => one.weights?.state === "missing").sort((a, b) => rank(a) - rank(b));
}

/** Of those the one to name first. */
export function bestToBeHad() {
  const all = toBeHad().filter((one) => one.generative);
  return all.find((one) => suiting(one)?.usable) ?? all.find((one) => suiting(one)?.fits) ?? all[0];
}

/** A camera move's notes, without the one that says what it is: the page says that in its own way.
 * @param {string[]} notes */
export function besidesKind(notes) {
  const at = notes.findIndex((note) => note.includes("AI"));
  return notes.filter((_, place) => place !== at);
}

export function modelChoice() {
  const node = el("fieldset", { class: "models", "aria-label": t("settings.model") });
  const now = el("span", { class: "muted small" });
  const fold = el("details", { class: "fold others", open: state.get("folded")?.models === false });
  fold.addEventListener("toggle", () => state.set("folded", { ...state.get("folded"), models: !fold.open }));
  let drawn = "";
  let asked = "";

  const draw = () => {
    const shape = JSON.stringify(cards().map((one) => [one.id, one.weights?.state, suiting(one)?.rank]));
    if (shape !== drawn) {
      drawn = shape;
      build();
    }
    const chosen = isAuto() ? AUTO : card()?.id;
    for (const radio of node.querySelectorAll("input")) radio.checked = radio.value === chosen;
    now.textContent = t(isAuto() && state.get("chosen") ? "models.auto_now" : "models.auto_about", { model: card()?.title });
  };
  const build = () => {
    const had = document.activeElement instanceof HTMLElement && node.contains(document.activeElement) ? document.activeElement.id : "";
    const far = toBeHad();
    const near = cards().filter((one) => !far.includes(one));
    if (!isAuto() && far.some((one) => one.id === card()?.id)) fold.open = true;
    clear(fold, el("summary", null, el("span", { text: t("models.more", { n: far.length }) })), el("div", { class: "models" }, far.map(other)));
    clear(node, cards().length > 1 && pick(AUTO, t("models.auto"), now), near.map(here), far.length ? fold : null);
    if (had) document.getElementById(had)?.focus();
  };
  /** Asked once for the models there are; what it takes is looked at again when their files have come. */
  const ask = async () => {
    const shape = cards().map((one) => `${one.id} ${one.weights?.state}`).join();
    if (!shape || shape === asked) return;
    asked = shape;
    const told = await api.suiting().catch(() => null);
    if (told) state.set("suiting", new Map(told.map((one) => [one.id, one.recommendation])));
    else asked = "";
  };
  const stops = ["settings", "models", "suiting", "chosen"].map((name) => state.on(name, draw));
  stops.push(state.on("models", () => void ask()));
  draw();
  void ask();
  return { node, stop: () => stops.forEach((stop) => stop()) };
}

/** @param {string} id @param {string} title @param {...(HTMLElement | null)} rest */
function pick(id, title, ...rest) {
  const radio = el("input", { type: "radio", name: "model", id: `model-${id}`, value: id, on: { change: () => useModel(id) } });
  return el("label", { class: "pick-model" }, radio, el("span", null, el("strong", { text: title }), ...rest));
}

/** @param {Card} of */
function here(of) {
  return pick(
    of.id, of.title,
    of.weights && of.weights.state !== "ready" ? el("em", { text: t("settings.files_missing") }) : null,
    el("span", { class: "muted small", text: of.description }),
    el("span", { class: "muted small", text: t("settings.licence", { licence: licenceOf(of) }) }),
  );
}

/** @param {Card} of */
function other(of) {
  const told = suiting(of);
  const licence = of.licence_limits || licenceOf(of);
  return pick(
    of.id, of.title,
    told ? el("span", { class: `small ${told.usable ? "suits" : "suits-not"}`, text: inShort(told) }) : null,
    el("span", { class: "muted small", text: of.description }),
    el("span", { class: "muted small", text: [size(of.download_bytes), t("settings.licence", { licence })].join(" · ") }),
  );
}

/** @param {import("../types.js").Suiting} told */
function inShort(told) {
  if (!told.usable) return t("models.suits_not", { reason: told.reason });
  return t("models.suits", { time: duration(told.estimated_seconds ?? 0) });
}
