// Three steps of quality, as settings; which one is on is seen from the settings.
import { button, clear, el } from "../dom.js";
import { t } from "../i18n.js";
import * as state from "../state.js";
import { card, isAuto } from "./asked.js";

/** What the presets decide over. */
const NAMES = ["size", "num_frames", "fps", "num_inference_steps"];

/** Of a generative model's own steps. */
const QUICK = 0.4;
const FINE = 1.2;
/** A clip of so few frames is not made shorter for a quick look. */
const SHORT = 25;
/** @type {Record<string, Record<string, any>>} */
const CAMERA = { quick: { size: "512p" }, standard: {}, fine: { num_frames: 192, fps: 48 } };

/** What a generative model makes quickly, and at its best. @param {import("./asked.js").Card} of */
function generative(of) {
  const { native, frames, steps, frame_stride: stride } = of;
  /** @param {number} value @param {import("../types.js").Range} range */
  const within = (value, range) => Math.min(range.high, Math.max(range.low, value));
  /** @param {number} share */
  const some = (share) => (steps ? { num_inference_steps: within(Math.round(share * native.num_inference_steps), steps) } : {});
  const half = stride * Math.round(native.num_frames / 2 / stride) + (stride > 1 ? 1 : 0);
  const shorter = native.num_frames > SHORT ? within(half, frames) : native.num_frames;
  const trained = of.sizes.some((one) => one.includes("x")); // other sizes than those look worse
  return {
    quick: { ...some(QUICK), num_frames: shorter, ...(trained ? {} : { size: "512p" }) },
    standard: {},
    fine: { ...some(FINE), ...(trained ? {} : { size: "768p" }) },
  };
}

/** The presets of the chosen model: each name with all it decides over. */
function offered() {
  const of = card();
  const native = of?.native ?? {};
  return Object.entries(of?.generative ? generative(of) : CAMERA).map(([name, settings]) => {
    const whole = NAMES.map((key) => [key, /** @type {Record<string, any>} */ (settings)[key] ?? native[key]]);
    return { name, whole: Object.fromEntries(whole) };
  });
}

export function presets() {
  const node = el("div", { class: "segments", role: "group", "aria-label": t("create.presets") });

  const draw = () => {
    const had = node.contains(document.activeElement) ? document.activeElement?.getAttribute("data-preset") : null;
    const settings = state.get("settings");
    node.hidden = isAuto();
    const native = card()?.native ?? {};
    /** @param {Record<string, any>} whole */
    const isOn = (whole) => NAMES.every((name) => (settings[name] ?? native[name]) === whole[name]);
    clear(
      node,
      offered().map(({ name, whole }) =>
        button(t(`preset.${name}`), () => use(whole, native), {
          "aria-pressed": String(isOn(whole)), "data-preset": name,
        }),
      ),
    );
    if (had) /** @type {HTMLElement | null} */ (node.querySelector(`[data-preset="${had}"]`))?.focus();
  };
  draw();
  const stops = [state.on("settings", draw), state.on("models", draw)];
  return { node, stop: () => stops.forEach((stop) => stop()) };
}

/** @param {Record<string, any>} whole @param {Record<string, any>} native */
function use(whole, native) {
  const changed = NAMES.map((name) => [name, whole[name] === native[name] ? undefined : whole[name]]);
  state.setSettings(Object.fromEntries(changed));
}
