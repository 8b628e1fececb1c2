// The folded part: the model, and every setting that it has.
import { button, clear, el } from "../dom.js";
import { t } from "../i18n.js";
import * as state from "../state.js";
import { card, cards, fieldsOf, inForce, licenceOf } from "./asked.js";
import * as field from "./fields.js";

const SIZES = ["512p", "768p", "1024p"];
const FORMATS = ["mp4", "webm", "gif", "webp"];
/** What means something else, or nothing, to another model. */
const OF_MODEL = ["size", "fit", "num_frames", "fps", "num_inference_steps", "guidance_scale", "loop", "interpolate", "upscale", "options"];

/** @param {string} id */
export function useModel(id) {
  const none = Object.fromEntries(OF_MODEL.map((name) => [name, null]));
  const isDefault = cards().find((one) => one.id === id)?.default;
  state.setSettings({ ...none, model: isDefault ? null : id });
}

export function settingsForm() {
  const inner = el("div", { class: "settings" });
  const summary = el("span", { class: "muted" });
  const node = el(
    "details",
    { class: "fold", open: state.get("folded")?.settings === false },
    el("summary", null, el("span", { text: t("settings.title") }), summary),
    inner,
  );
  node.addEventListener("toggle", () => state.set("folded", { ...state.get("folded"), settings: !node.open }));
  let drawnFor = "";
  /** @type {Map<string, field.Field>} */
  let fields = new Map();

  const draw = () => {
    const of = card();
    if (!of) return;
    const own = inForce("size") && !SIZES.includes(inForce("size"));
    const shape = `${of.id} ${cards().length} ${own}`;
    if (shape !== drawnFor) {
      const had = document.activeElement instanceof HTMLElement && inner.contains(document.activeElement) ? document.activeElement.id : "";
      drawnFor = shape;
      fields = build(of, Boolean(own));
      clear(inner, modelChoice(of), [...fields.values()].map((one) => one.node), reset());
      if (had) document.getElementById(had)?.focus();
    }
    for (const one of fields.values()) one.update();
    summary.textContent = [of.title, inForce("size"), t("plan.frames", { n: inForce("num_frames") })].join(" · ");
  };
  draw();
  const stops = [state.on("settings", draw), state.on("models", draw)];
  return {
    node,
    /** Show which setting is wrong, and open the fold for it. @param {string | null} param @param {string} message */
    complain(param, message) {
      for (const [name, one] of fields) one.complain(name === param ? message : "");
      if (param && fields.has(param)) node.open = true;
    },
    stop: () => stops.forEach((stop) => stop()),
  };
}

/** @param {import("./asked.js").Card} of @param {boolean} ownSize */
function build(of, ownSize) {
  const has = fieldsOf(of);
  const all = new Map();
  /** @param {string} name @param {field.Field} made */
  const add = (name, made) => all.set(name, made);
  const sizes = SIZES.filter((size) => parseInt(size) <= of.side.high).map((size) => ({ value: size, label: size }));
  const own = `${of.native.size === "512p" ? 640 : 1280}x${of.native.size === "512p" ? 640 : 720}`;
  add("size", ownSize ? field.ownSize(of) : field.choice("size", [...sizes, { value: own, label: t("settings.size_own") }]));
  add("fit", field.choice("fit", ["keep", "crop", "pad"].map((value) => ({ value, label: t(`settings.fit_${value}`) }))));
  add("num_frames", field.numeric("num_frames", of.frames, of.frame_stride));
  add("fps", field.numeric("fps", of.fps, 1));
  if (of.steps) add("num_inference_steps", field.numeric("num_inference_steps", of.steps, 1));
  if (of.guidance) add("guidance_scale", field.numeric("guidance_scale", of.guidance, 0.5));
  add("seed", field.seed());
  add("format", field.choice("format", FORMATS.map((value) => ({ value, label: value.toUpperCase() })), "mp4"));
  for (const name of ["interpolate", "upscale"]) {
    const times = [1, 2, 4].map((n) => ({ value: n, label: n === 1 ? t(`settings.${name}_1`) : t(`settings.${name}_n`, { n }) }));
    add(name, field.choice(name, times, "1"));
  }
  for (const [name, option] of Object.entries(of.options)) add(`options.${name}`, field.option(name, option));
  if (has.has("negative_prompt")) add("negative_prompt", field.text("negative_prompt"));
  if (has.has("loop")) add("loop", field.tick("loop", false));
  if (has.has("visible_label")) add("visible_label", field.tick("visible_label", document.documentElement.lang !== "en"));
  return all;
}

/** @param {import("./asked.js").Card} of */
function modelChoice(of) {
  return el(
    "fieldset",
    { class: "models", "aria-label": t("settings.model") },
    cards().map((one) =>
      el(
        "label",
        { class: "pick-model" },
        el("input", {
          type: "radio", name: "model", id: `model-${one.id}`, value: one.id, checked: one.id === of.id,
          on: { change: () => useModel(one.id) },
        }),
        el(
          "span",
          null,
          el("strong", { text: one.title }),
          one.weights && one.weights.state !== "ready" ? el("em", { text: t("settings.files_missing") }) : null,
          el("span", { class: "muted small", text: one.description }),
          el("span", { class: "muted small", text: t("settings.licence", { licence: licenceOf(one) }) }),
        ),
      ),
    ),
  );
}

function reset() {
  const back = () => {
    const { prompt, model } = state.get("settings");
    state.set("settings", Object.fromEntries(Object.entries({ prompt, model }).filter(([, value]) => value)));
  };
  return button(t("settings.reset"), back, { kind: "quiet", class: "reset" });
}
