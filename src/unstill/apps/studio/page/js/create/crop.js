// What a plan cuts off, drawn over the picture.
import { clear, el } from "../dom.js";
import { t } from "../i18n.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * The part of a picture that a frame of another shape shows, in the picture's pixels, centred.
 * @param {number} width @param {number} height @param {number} toWidth @param {number} toHeight
 */
export function kept(width, height, toWidth, toHeight) {
  const scale = Math.max(toWidth / width, toHeight / height);
  const [w, h] = [toWidth / scale, toHeight / scale];
  return { x: (width - w) / 2, y: (height - h) / 2, w, h };
}

/** A veil with a window; it lies over a picture that is shown with `object-fit: contain`. */
export function cropVeil() {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", "layer crop");
  drawing.setAttribute("preserveAspectRatio", "xMidYMid meet");
  drawing.setAttribute("aria-hidden", "true");
  const label = el("p", { class: "crop-label", hidden: true });

  const hide = () => {
    clear(drawing);
    label.hidden = true;
  };

  /**
   * @param {{width: number, height: number}} picture
   * @param {{width: number, height: number, fit: string}} plan
   */
  const show = ({ width, height }, plan) => {
    hide();
    if (!width || plan.fit === "keep") return;
    const { x, y, w, h } = kept(width, height, plan.width, plan.height);
    const off = Math.round(100 * (1 - (w * h) / (width * height)));
    if (off < 1) return;
    label.hidden = false;
    if (plan.fit === "pad") {
      label.textContent = t("settings.crop_bars", { percent: off });
      return;
    }
    label.textContent = t("settings.crop_cut", { percent: off });
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const veil = document.createElementNS(SVG, "path");
    veil.setAttribute("d", `M0 0H${width}V${height}H0zM${x} ${y}v${h}h${w}v${-h}z`);
    veil.setAttribute("fill-rule", "evenodd");
    drawing.append(veil);
  };
  return { drawing, label, show, hide };
}
