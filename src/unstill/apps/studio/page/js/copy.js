// Putting text on the clipboard, also where the page is not served over TLS.
import { announce, toast } from "./dialog.js";
import { button } from "./dom.js";
import { t } from "./i18n.js";

/** @param {string} text @returns {Promise<boolean>} whether it worked */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** The old way; browsers keep the new one from pages without TLS. @param {string} text */
function copyBySelection(text) {
  const area = document.createElement("textarea");
  const before = document.activeElement;
  area.value = text;
  area.className = "unseen";
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}

/** A button that copies and says so. @param {string} text @param {string} [label] */
export function copyButton(text, label = t("app.copy")) {
  const run = async () => {
    if (!(await copyText(text))) return;
    announce(t("app.copied"));
    toast(t("app.copied"), { seconds: 2 });
  };
  return button(label, () => void run(), { kind: "quiet", icon: "copy" });
}
