// The picture for the last frame, where the chosen model takes one: a small place beside the words.
import { button, clear, el } from "../dom.js";
import { t } from "../i18n.js";
import * as state from "../state.js";
import { card, takesLast } from "./asked.js";
import { ask, looked } from "./picture.js";

/** @typedef {import("../types.js").Picture} Picture */

/** Ask the person for it. */
export function chooseLast() {
  ask("", (file) => void useLast(file, file.name));
}

/**
 * Put a picture there.
 * @param {Blob} blob
 * @param {string} name
 * @param {string} [of] the video whose last picture it is
 */
export async function useLast(blob, name, of = "") {
  const picture = await looked(blob, name || "picture.png", of);
  if (picture) put(picture);
}

/** @param {Picture | null} picture */
export function put(picture) {
  const before = /** @type {Picture | null | undefined} */ (state.get("last"));
  state.set("last", picture);
  if (before) setTimeout(() => URL.revokeObjectURL(before.url), 2000); // it is drawn until the place has changed over
}

/** Whether the model wants one that is not there. */
export function lacksLast() {
  return takesLast() && card()?.last_picture === "must" && !state.get("last");
}

export function lastPlace() {
  const title = el("p", { class: "grow", id: "last-title" });
  const rest = el("div", { class: "row" });
  const node = el("div", { class: "last row", role: "group", "aria-labelledby": "last-title", hidden: true }, title, rest);

  const draw = () => {
    node.hidden = !takesLast();
    if (node.hidden) return;
    const picture = /** @type {Picture | null | undefined} */ (state.get("last"));
    const byKey = rest.contains(document.activeElement);
    title.textContent = t(card()?.last_picture === "must" ? "last.title" : "last.optional");
    clear(rest, picture ? [
      picture.width ? el("img", { src: picture.url, alt: "", width: "48", height: "32" }) : null,
      el("span", { class: "muted name", dir: "auto", text: picture.name }),
      button(t("create.replace"), chooseLast, { kind: "quiet" }),
      button(t("last.take_off"), () => put(null), { kind: "icon", icon: "close" }),
    ] : button(t("create.pick"), chooseLast, { kind: "quiet", icon: "picture" }));
    if (byKey) rest.querySelector("button")?.focus(); // what had the focus is gone
  };
  const over = (/** @type {boolean} */ now) => node.classList.toggle("over", now);
  node.addEventListener("dragover", () => over(true));
  node.addEventListener("dragleave", () => over(false));
  node.addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    over(false);
    if (!file) return;
    event.preventDefault(); // so that it is not taken for the first picture
    void useLast(file, file.name);
  });
  draw();
  const stops = ["settings", "models", "last"].map((name) => state.on(name, draw));
  return {
    node,
    stop: () => stops.forEach((stop) => stop()),
  };
}
