// What floats over the page: dialogs, short messages with a way back, and the sentence that is read out.
import { button, el, part } from "./dom.js";
import { t } from "./i18n.js";

/**
 * Open a dialog; Esc and the cross close it, and the focus goes back to where it was.
 * @param {string} title
 * @param {import("./dom.js").Child[]} body
 * @param {{actions?: HTMLElement[], wide?: boolean, firm?: boolean, closed?: () => void}} [more] firm: it is closed
 *   by its own buttons alone
 * @returns {() => void} closes it
 */
export function openDialog(title, body, { actions = [], wide = false, firm = false, closed } = {}) {
  const before = document.activeElement;
  const name = `d${Date.now()}`;
  const box = el(
    "dialog",
    { "aria-labelledby": name, class: wide ? "wide" : "" },
    el(
      "header",
      null,
      el("h2", { id: name, text: title, tabindex: "-1" }),
      firm ? null : button(t("app.close"), () => box.close(), { kind: "icon", icon: "close" }),
    ),
    body,
    actions.length ? el("footer", null, actions) : null,
  );
  box.addEventListener("close", () => {
    box.remove();
    closed?.();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  });
  box.addEventListener("click", (event) => {
    if (!firm && event.target === box && outside(event, box)) box.close();
  });
  // A browser lets a second Esc through whatever is said to the first: its key is stopped, too.
  for (const name of firm ? ["cancel", "keydown"] : []) {
    box.addEventListener(name, (event) => (!(event instanceof KeyboardEvent) || event.key === "Escape") && event.preventDefault());
  }
  part("dialogs").append(box);
  box.showModal();
  return () => box.close();
}

/** @param {MouseEvent} event @param {Element} box */
function outside(event, box) {
  const at = box.getBoundingClientRect();
  return event.clientX < at.left || event.clientX > at.right || event.clientY < at.top || event.clientY > at.bottom;
}

/** Whether a dialog is open. */
export function isDialogOpen() {
  return document.querySelector("dialog[open]") !== null;
}

/**
 * A short message at the lower edge, with at most one thing to do. It stays while it is pointed at or focused.
 * @param {string} text
 * @param {{label?: string, run?: () => void, seconds?: number, closed?: () => void}} [more]
 * @returns {() => void} takes it away
 */
export function toast(text, { label, run, seconds = label ? 8 : 4, closed } = {}) {
  const box = el("div", { class: "toast" }, el("p", { text }));
  let timer = 0;
  const end = () => {
    clearTimeout(timer);
    if (!box.isConnected) return;
    box.remove();
    closed?.();
  };
  const wait = () => {
    clearTimeout(timer);
    timer = window.setTimeout(end, seconds * 1000);
  };
  const act = () => {
    end();
    run?.();
  };
  box.append(
    label
      ? button(label, act, { kind: "quiet" })
      : button(t("app.close"), end, { kind: "icon", icon: "close" }),
  );
  for (const name of ["pointerenter", "focusin"]) box.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) box.addEventListener(name, wait);
  part("toasts").append(box);
  wait();
  return end;
}

/** Say something to people who listen to the page. @param {string} text */
export function announce(text) {
  part("live").textContent = text;
}
