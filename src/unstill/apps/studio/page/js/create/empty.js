// The stage before there is anything on it: where to drop a picture, and three to begin with.
import { button, el, icon } from "../dom.js";
import { size, t } from "../i18n.js";
import { EXAMPLES, choose, examplePrompt, limit, useExample } from "./picture.js";
import { cards } from "./asked.js";

/** @returns {HTMLElement} */
export function emptyStage() {
  return el(
    "div",
    { class: "empty" },
    el(
      "div",
      { class: "invite" },
      icon("picture"),
      el("p", { class: "big", text: t("create.drop") }),
      button(t("create.pick"), choose, { kind: "plain" }),
      el("p", { class: "muted small paste", text: t("create.paste") }),
      el("p", { class: "muted small", text: t("create.kinds", { limit: size(limit()) }) }),
    ),
    el(
      "div",
      { class: "begin" },
      el("p", { class: "muted", text: t("create.what") }),
      cards()[0]?.generative ? null : el("p", { class: "muted", text: t("create.cpu") }),
      el("p", { class: "label small", id: "examples-label", text: t("create.examples") }),
      el("ul", { class: "examples", "aria-labelledby": "examples-label" }, EXAMPLES.map(example)),
    ),
  );
}

/** @param {import("./picture.js").Example} name */
function example(name) {
  return el(
    "li",
    null,
    el(
      "button",
      { type: "button", class: "example", on: { click: () => void useExample(name) } },
      el("img", { src: `/assets/thumbs/${name}.jpg`, alt: t(`create.example_${name}`), width: "180", height: "120" }),
      el("span", { class: "small", text: examplePrompt(name) }),
    ),
  );
}
