// The menu of one video: a short list of things to do, opened beside its button.
import { el, icon, part } from "./dom.js";

/**
 * @typedef {{label: string, icon: string, run?: () => void, href?: string, download?: string, danger?: boolean}} Item
 */

/** Between the menu and the window's edge, in px. */
const EDGE = 8;

/**
 * Open it below `at`, or above where there is no room; Esc and a click elsewhere close it.
 * @param {HTMLElement} at
 * @param {string} label
 * @param {Item[]} items
 */
export function openMenu(at, label, items) {
  const box = el("div", { class: "menu", popover: "auto", role: "menu", "aria-label": label });
  const close = () => box.hidePopover();
  for (const item of items) box.append(choice(item, close));
  box.addEventListener("keydown", (event) => walk(event, box));
  box.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "closed") return;
    const inside = box.contains(document.activeElement) || document.activeElement === document.body;
    box.remove();
    if (inside && at.isConnected) at.focus();
  });
  part("dialogs").append(box);
  box.showPopover();
  place(box, at);
  /** @type {HTMLElement | null} */ (box.firstElementChild)?.focus();
}

/** @param {Item} item @param {() => void} close */
function choice(item, close) {
  const props = { role: "menuitem", tabindex: "-1", class: item.danger ? "danger" : "" };
  const inner = [icon(item.icon), el("span", { text: item.label })];
  const run = () => {
    close();
    item.run?.();
  };
  if (item.href) return el("a", { ...props, href: item.href, download: item.download, on: { click: run } }, inner);
  return el("button", { ...props, type: "button", on: { click: run } }, inner);
}

/** @param {HTMLElement} box @param {HTMLElement} at */
function place(box, at) {
  const from = at.getBoundingClientRect();
  const own = box.getBoundingClientRect();
  const below = from.bottom + 4 + own.height < window.innerHeight - EDGE;
  const left = Math.min(from.right - own.width, window.innerWidth - own.width - EDGE);
  box.style.left = `${Math.max(EDGE, left)}px`;
  box.style.top = `${below ? from.bottom + 4 : Math.max(EDGE, from.top - own.height - 4)}px`;
}

/** @param {KeyboardEvent} event @param {HTMLElement} box */
function walk(event, box) {
  const all = /** @type {HTMLElement[]} */ ([...box.children]);
  const here = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: all.length - 1 }[event.key];
  if (event.key === "Tab") box.hidePopover();
  event.stopPropagation();
  if (to === undefined) return;
  event.preventDefault();
  all[(to + all.length) % all.length].focus();
}
