// From the form's settings to the fields of a request, and the model they are for.
import { isChinese } from "../i18n.js";
import * as state from "../state.js";

/** @typedef {import("../types.js").Card} Card */

/** The size that is planned for where there is no picture yet. */
export const USUAL = { width: 1200, height: 800 };
/** What stands in a request for the model that suits it best. */
export const AUTO = "auto";
const PLAIN = ["size", "fit", "num_frames", "fps", "seed", "format", "interpolate", "upscale"];

/** Every model's card, the default first; empty until the server said. @returns {Card[]} */
export function cards() {
  return state.get("models") ?? [];
}

/** Whether the server chooses the model. */
export function isAuto() {
  return state.get("settings").model === AUTO;
}

/** The card of the chosen model; where the server chooses, of the one that it chose last. @returns {Card | undefined} */
export function card() {
  const all = cards();
  const id = isAuto() ? state.get("chosen") : state.get("settings").model;
  return all.find((one) => one.id === id) ?? all.find((one) => one.default) ?? all[0];
}

/** Which settings a model has; where any may be chosen, those that most have. @param {Card} of @returns {Set<string>} */
export function fieldsOf(of) {
  const names = new Set([...PLAIN, "prompt"]);
  if (of.steps && !isAuto()) names.add("num_inference_steps");
  if (of.guidance && !isAuto()) names.add("guidance_scale");
  if (of.negative_prompt && !isAuto()) names.add("negative_prompt");
  if (of.loops) names.add("loop");
  if (of.generative) names.add("visible_label");
  return names;
}

/** What to ask for: the settings that the model has, under the API's names. @returns {Record<string, any>} */
export function asked() {
  const of = card();
  const settings = state.get("settings");
  /** @type {Record<string, any>} */
  const fields = { prompt: settings.prompt ?? "" };
  if (!of) return fields;
  fields.model = isAuto() ? AUTO : of.id;
  for (const name of fieldsOf(of)) if (name in settings) fields[name] = settings[name];
  const english = state.get("english");
  if (english?.of === fields.prompt && english.model === of.id && english.text.trim()) fields.prompt = english.text;
  const options = Object.entries(settings.options ?? {}).filter(([name]) => !isAuto() && name in of.options);
  if (options.length) fields.options = Object.fromEntries(options);
  return fields;
}

/** Whether the chosen model takes a picture for the last frame; a loop ends with its first. */
export function takesLast() {
  const takes = card()?.last_picture;
  return (takes === "can" || takes === "must") && !inForce("loop");
}

/** The same for a plan, to which no picture is sent: that one is still to come is no reason not to plan. */
export function planned() {
  const last = takesLast() && (state.get("last") || card()?.last_picture === "must");
  return last ? { ...asked(), last_image: true } : asked();
}

/** The same as a form, with the picture. @param {import("../types.js").Picture} picture */
export function formOf(picture) {
  const form = new FormData();
  for (const [name, value] of Object.entries(asked())) {
    if (name !== "options") form.append(name, String(value));
    else for (const [option, chosen] of Object.entries(value)) form.append(`options[${option}]`, String(chosen));
  }
  if (picture.of) form.append("input_reference[id]", picture.of);
  else form.append("input_reference", picture.blob, picture.name);
  const last = /** @type {import("../types.js").Picture | null | undefined} */ (takesLast() ? state.get("last") : null);
  if (last?.of) form.append("last_input_reference[id]", last.of);
  else if (last) form.append("last_input_reference", last.blob, last.name);
  return form;
}

/** A setting as it will be: the person's, else the model's own. @param {string} name */
export function inForce(name) {
  return state.get("settings")[name] ?? card()?.native[name];
}

/** A model's own text in the page's language. @param {{en: string, zh: string}} text */
export function inWords(text) {
  return isChinese() ? text.zh : text.en;
}

/** @param {Card} of */
export function licenceOf(of) {
  return (isChinese() && of.licence_zh) || of.licence;
}
