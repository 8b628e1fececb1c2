// Three steps of quality, as settings; which one is on is seen from the settings.
import { button, clear, el } from "../dom.js";
import { t } from "../i18n.js";
import * as state from "../state.js";
import { card } from "./asked.js";

/** What the presets decide over. */
const NAMES = ["size", "num_frames", "fps", "num_inference_steps"];

/** @type {Record<string, Record<string, any>>} */
const GENERATIVE = {
  quick: { size: "512p", num_frames: 16, num_inference_steps: 20 },
  standard: {},
  fine: { size: "768p", num_inference_steps: 60 },
};
/** @type {Record<string, Record<string, any>>} */
const CAMERA = { quick: { size: "512p" }, standard: {}, fine: { num_frames: 192, fps: 48 } };

/** The presets of the chosen model: each name with all it decides over. */
function offered() {
  const of = card();
  const native = of?.native ?? {};
  return Object.entries(of?.generative ? GENERATIVE : CAMERA).map(([name, settings]) => {
    const whole = NAMES.map((key) => [key, settings[key] ?? native[key]]);
    return { name, whole: Object.fromEntries(whole) };
  });
}

export function presets() {
  const node = el("div", { class: "segments", role: "group", "aria-label": t("create.presets") });

  const draw = () => {
    const had = node.contains(document.activeElement) ? document.activeElement?.getAttribute("data-preset") : null;
    const settings = state.get("settings");
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
