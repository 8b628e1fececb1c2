// The folded part: the model, and every setting that it has.
import { button, clear, el } from "../dom.js";
import { t } from "../i18n.js";
import * as state from "../state.js";
import { card, fieldsOf, inForce, isAuto } from "./asked.js";
import * as field from "./fields.js";
import { modelChoice } from "./models.js";

const SIZES = ["512p", "768p", "1024p"];
const FORMATS = ["mp4", "webm", "gif", "webp"];
/** Of the sizes that a model was trained for, as many as a list can hold. */
const MOST_SIZES = 6;

/** The sizes to choose among: the model's own first, then usual ones, then those that it was trained for.
 * @param {import("./asked.js").Card} of */
function sizesOf(of) {
  const usual = of.only_sizes ? [] : SIZES.filter((one) => parseInt(one) >= of.side.low && parseInt(one) <= of.side.high);
  const short = [...new Set([String(of.native.size), ...usual])].sort((a, b) => parseInt(a) - parseInt(b));
  return [...new Set([...short, ...(of.sizes.length <= MOST_SIZES ? of.sizes : [])])];
}

/** A size that is not among them, to begin a size of one's own with. @param {import("./asked.js").Card} of */
function ownOf(of) {
  const [width, height] = of.sizes[0]?.split("x").map(Number) ?? [];
  if (height) return `${Math.max(of.side.low, width - of.side_grid)}x${height}`;
  return of.native.size === "512p" ? "640x640" : "1280x720";
}

export function settingsForm() {
  const inner = el("div", { class: "settings" });
  const summary = el("span", { class: "muted" });
  const models = modelChoice();
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
    const own = !of.only_sizes && !sizesOf(of).includes(String(inForce("size")));
    const shape = `${of.id} ${isAuto()} ${own}`;
    if (shape !== drawnFor) {
      const had = document.activeElement instanceof HTMLElement && inner.contains(document.activeElement) ? document.activeElement.id : "";
      drawnFor = shape;
      fields = build(of, own);
      clear(inner, models.node, [...fields.values()].map((one) => one.node), reset());
      if (had) document.getElementById(had)?.focus();
    }
    for (const one of fields.values()) one.update();
    summary.textContent = [isAuto() ? t("models.auto") : of.title, inForce("size"), t("plan.frames", { n: inForce("num_frames") })].join(" · ");
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
    stop() {
      for (const stop of stops) stop();
      models.stop();
    },
  };
}

/** @param {import("./asked.js").Card} of @param {boolean} ownSize */
function build(of, ownSize) {
  const has = fieldsOf(of);
  const all = new Map();
  /** @param {string} name @param {field.Field} made */
  const add = (name, made) => all.set(name, made);
  const sizes = sizesOf(of).map((size) => ({ value: size, label: size.replace("x", " × ") }));
  const more = of.only_sizes ? [] : [{ value: ownOf(of), label: t("settings.size_own") }];
  add("size", ownSize ? field.ownSize(of) : field.choice("size", [...sizes, ...more]));
  add("fit", field.choice("fit", ["keep", "crop", "pad"].map((value) => ({ value, label: t(`settings.fit_${value}`) }))));
  add("num_frames", field.numeric("num_frames", of.frames, of.frame_stride));
  add("fps", field.numeric("fps", of.fps, 1));
  if (of.steps && has.has("num_inference_steps")) add("num_inference_steps", field.numeric("num_inference_steps", of.steps, 1));
  if (of.guidance && has.has("guidance_scale")) add("guidance_scale", field.numeric("guidance_scale", of.guidance, 0.5));
  add("seed", field.seed());
  add("format", field.choice("format", FORMATS.map((value) => ({ value, label: value.toUpperCase() })), "mp4"));
  for (const name of ["interpolate", "upscale"]) {
    const times = [1, 2, 4].map((n) => ({ value: n, label: n === 1 ? t(`settings.${name}_1`) : t(`settings.${name}_n`, { n }) }));
    add(name, field.choice(name, times, "1"));
  }
  for (const [name, option] of isAuto() ? [] : Object.entries(of.options)) add(`options.${name}`, field.option(name, option));
  if (has.has("negative_prompt")) add("negative_prompt", field.text("negative_prompt"));
  if (has.has("loop")) add("loop", field.tick("loop", false));
  if (has.has("visible_label")) add("visible_label", field.tick("visible_label", document.documentElement.lang !== "en"));
  return all;
}

function reset() {
  const back = () => {
    const { prompt, model } = state.get("settings");
    state.set("settings", Object.fromEntries(Object.entries({ prompt, model }).filter(([, value]) => value)));
  };
  return button(t("settings.reset"), back, { kind: "quiet", class: "reset" });
}
