// A button that copies a text which may change until then.
import { copyText } from "./copy.js";
import { announce } from "./dialog.js";
import { button } from "./dom.js";
import { t } from "./i18n.js";

/** How long the button says that it copied, in ms. */
const SAID_MS = 2000;

/**
 * @param {() => string} text
 * @param {string} [label] what is copied, for people who do not see what the button is beside
 */
export function copyButton(text, label) {
  const made = button(t("app.copy"), () => void run(), { kind: "quiet", icon: "copy", "aria-label": label ?? null });
  const said = /** @type {HTMLElement} */ (made.querySelector("span"));
  let timer = 0;
  const run = async () => {
    if (!(await copyText(text()))) return;
    said.textContent = t("app.copied");
    announce(t("app.copied"));
    clearTimeout(timer);
    timer = window.setTimeout(() => (said.textContent = t("app.copy")), SAID_MS);
  };
  return made;
}
