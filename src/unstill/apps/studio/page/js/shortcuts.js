// Keys. A view binds its own while it is there; those of the page are always there.
import { isDialogOpen, openDialog } from "./dialog.js";
import { el } from "./dom.js";
import { t } from "./i18n.js";

/** @type {Map<string, () => boolean | void>[]} */
const bound = [];

/**
 * Bind keys ("j", " ", "Escape", "?"). A listener that returns false lets the key go on.
 * @param {Record<string, () => boolean | void>} keys
 * @returns {() => void} lets them go
 */
export function bind(keys) {
  const mine = new Map(Object.entries(keys));
  bound.unshift(mine);
  return () => bound.splice(bound.indexOf(mine), 1);
}

/** Start listening; called once. */
export function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isDialogOpen()) return;
    const typing = isTyping(event.target);
    if (typing && event.key !== "Escape") return;
    if (event.key === " " && event.target instanceof HTMLElement && event.target.closest("button, a, summary")) return;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    for (const keys of bound) {
      const run = keys.get(name);
      if (run && run() !== false) {
        event.preventDefault();
        return;
      }
    }
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && target.matches("input:not([type=checkbox], [type=radio]), textarea, select");
}

/** The list of keys. */
export function showKeys() {
  const modifier = /mac|iphone|ipad/i.test(navigator.userAgent) ? "⌘" : "Ctrl";
  /** @type {[string[], string][]} */
  const rows = [
    [[modifier, "Enter"], "app.key_generate"],
    [[t("app.key_space_name")], "app.key_space"],
    [["J", "K"], "app.key_earlier"],
    [["X"], "library.key_pick"],
    [["Del"], "library.key_delete"],
    [["Esc"], "app.key_escape"],
    [["/"], "app.key_search"],
    [["?"], "app.key_help"],
  ];
  const list = el("dl", { class: "keys" });
  for (const [names, what] of rows) {
    list.append(el("dt", null, names.map((name) => el("kbd", { text: name }))), el("dd", { text: t(what) }));
  }
  openDialog(t("app.keys"), [list]);
}
