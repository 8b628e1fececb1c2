// The kinds of fields in the settings. Each shows what is set, and takes an empty one for the model's own.
import { button, el } from "../dom.js";
import { has, isChinese, number, t } from "../i18n.js";
import * as state from "../state.js";
import { inForce, inWords } from "./asked.js";

/** @typedef {{node: HTMLElement, update: () => void, complain: (message: string) => void}} Field */

/** @param {string} name */
const idOf = (name) => `set-${name.replace(".", "-")}`;

/** Set one, or take it back to the model's own. @param {string} name @param {unknown} value */
function put(name, value) {
  const same = value === "" || value === null || Number.isNaN(value);
  if (!name.startsWith("options.")) {
    state.setSettings({ [name]: same ? null : value });
    return;
  }
  const options = { ...state.get("settings").options, [name.slice(8)]: value };
  if (same) delete options[name.slice(8)];
  state.setSettings({ options: Object.keys(options).length ? options : null });
}

/** @param {string} name @param {string} label @param {string} help @param {HTMLElement} control @param {string} [kind] @returns {{node: HTMLElement, complain: (message: string) => void}} */
function wrap(name, label, help, control, kind = "") {
  const id = idOf(name);
  const about = el("p", { class: "help", id: `${id}-help`, text: help });
  const wrong = el("p", { class: "small error-text", id: `${id}-wrong`, hidden: true });
  control.id = id;
  control.setAttribute("aria-describedby", `${id}-help ${id}-wrong`);
  const node = el("div", { class: `field ${kind}`.trim() }, el("label", { for: id, text: label }), control, help ? about : null, wrong);
  /** @param {string} message */
  const complain = (message) => {
    wrong.hidden = !message;
    wrong.textContent = message;
    if (message) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  };
  return { node, complain };
}

/** @param {string} name */
function helpOf(name) {
  return has(`settings.${name}_help`) ? t(`settings.${name}_help`) : "";
}

/**
 * One of a few. @param {string} name @param {{value: string | number, label: string}[]} choices
 * @param {string} [standard] where the model's card names none @returns {Field}
 */
export function choice(name, choices, standard = "") {
  const control = el("select", { class: "input" }, choices.map(({ value, label }) => el("option", { value, text: label })));
  control.addEventListener("change", () => {
    const found = choices.find((one) => String(one.value) === control.value);
    put(name, found?.value ?? null);
  });
  const update = () => {
    control.value = String(inForce(name) ?? standard);
  };
  return { ...wrap(name, t(`settings.${name}`), helpOf(name), control), update };
}

/** A number within a range. @param {string} name @param {import("../types.js").Range} range @param {number} step @returns {Field} */
export function numeric(name, range, step) {
  const control = el("input", {
    class: "input", type: "number", inputmode: step % 1 ? "decimal" : "numeric", step: step % 1 ? "any" : "1",
    min: range.low, max: range.high,
  });
  control.addEventListener("input", () => put(name, control.value === "" ? null : Number(control.value)));
  const update = () => {
    const now = inForce(name);
    if (document.activeElement !== control || control.value === "") control.value = now === undefined ? "" : String(now);
  };
  control.addEventListener("blur", update);
  const help = [helpOf(name), t("settings.range", { low: range.low, high: range.high })].filter(Boolean).join(isChinese() ? "" : " ");
  return { ...wrap(name, t(`settings.${name}`), help, control), update };
}

/** Width and height. @param {import("../types.js").Card} of @returns {Field} */
export function ownSize(of) {
  /** @param {string} id @param {number} place */
  const side = (id, place) => {
    const made = el("input", {
      class: "input", type: "number", inputmode: "numeric", min: of.side.low, max: of.side.high, step: of.side_grid,
      id: `set-${id}`, "aria-label": t(`settings.${id}`),
    });
    made.addEventListener("change", () => {
      const both = String(inForce("size")).split("x");
      both[place] = made.value || "512";
      put("size", both.join("x"));
    });
    return made;
  };
  const [width, height] = [side("width", 0), side("height", 1)];
  const back = button(t("settings.own"), () => put("size", null), { kind: "icon", icon: "close" });
  const wrong = el("p", { class: "small error-text", hidden: true });
  const node = el("div", { class: "field" },
    el("span", { class: "label", text: t("settings.size_own") }),
    el("div", { class: "row sides" }, width, "×", height, back), wrong);
  const update = () => {
    const [w = "", h = ""] = String(inForce("size")).split("x");
    if (document.activeElement !== width) width.value = w;
    if (document.activeElement !== height) height.value = h;
  };
  /** @param {string} message */
  const complain = (message) => {
    wrong.hidden = !message;
    wrong.textContent = message;
  };
  return { node, update, complain };
}

/** The seed, and whether it stays. @returns {Field} */
export function seed() {
  const control = el("input", { class: "input", type: "text", inputmode: "numeric", autocomplete: "off", placeholder: t("settings.seed_random") });
  control.addEventListener("input", () => put("seed", /^\d{1,10}$/.test(control.value.trim()) ? Number(control.value) : null));
  const lock = button("", () => {
    const kept = state.get("settings").seed;
    put("seed", kept === undefined ? (state.get("lastSeed") ?? Math.floor(Math.random() * 2 ** 32)) : null);
    control.value = String(state.get("settings").seed ?? "");
  }, { kind: "icon", icon: "unlock" });
  const update = () => {
    const kept = state.get("settings").seed;
    if (document.activeElement !== control) control.value = kept === undefined ? "" : String(kept);
    const label = t(kept === undefined ? "settings.seed_lock" : "settings.seed_unlock");
    const fresh = button(label, () => {}, { kind: "icon", icon: kept === undefined ? "unlock" : "lock" });
    lock.replaceChildren(...fresh.childNodes);
    lock.title = label;
    lock.setAttribute("aria-label", label);
    lock.setAttribute("aria-pressed", String(kept !== undefined));
  };
  const made = wrap("seed", t("settings.seed"), helpOf("seed"), control);
  const row = el("div", { class: "joined" });
  control.replaceWith(row);
  row.append(control, lock);
  return { ...made, update };
}

/** A few lines of text. @param {string} name @returns {Field} */
export function text(name) {
  const control = el("textarea", { rows: "2", maxlength: "4000" });
  control.addEventListener("input", () => put(name, control.value));
  const update = () => {
    if (document.activeElement !== control) control.value = state.get("settings")[name] ?? "";
  };
  return { ...wrap(name, t(`settings.${name}`), "", control, "whole"), update };
}

/** Yes or no. @param {string} name @param {boolean} standard what it is where nothing is set @returns {Field} */
export function tick(name, standard) {
  const control = el("input", { type: "checkbox", id: idOf(name) });
  control.addEventListener("change", () => put(name, control.checked === standard ? null : control.checked));
  const node = el("label", { class: "check whole" }, control, el("span", { text: t(`settings.${name}`) }));
  const update = () => {
    control.checked = state.get("settings")[name] ?? standard;
  };
  return { node, update, complain: () => {} };
}

/** A setting of one model alone. @param {string} name @param {import("../types.js").Option} of @returns {Field} */
export function option(name, of) {
  const key = `options.${name}`;
  const label = has(`settings.${name}`) ? t(`settings.${name}`) : name;
  const now = () => state.get("settings").options?.[name] ?? of.default;
  /** @param {string | number} value */
  const set = (value) => put(key, value === of.default ? null : value);
  if (of.choices.length) {
    const control = el("select", { class: "input" }, of.choices.map((value) => el("option", { value, text: value })));
    control.addEventListener("change", () => set(control.value));
    const update = () => {
      control.value = String(now());
    };
    return { ...wrap(key, label, inWords(of.about), control), update };
  }
  const whole = Number.isInteger(of.default) && (of.limits?.high ?? 0) > 4;
  const control = el("input", { type: "range", min: of.limits?.low ?? 0, max: of.limits?.high ?? 1, step: whole ? 1 : (of.limits?.high ?? 1) > 1 ? 0.1 : 0.01 });
  control.addEventListener("input", () => set(Number(control.value)));
  const shown = el("output", { class: "muted" });
  const made = wrap(key, label, inWords(of.about), control);
  made.node.querySelector("label")?.append(" ", shown);
  const update = () => {
    control.value = String(now());
    shown.textContent = number(Number(now()), 2);
  };
  return { ...made, update };
}
