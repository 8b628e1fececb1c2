// Elements, made without ever parsing text as HTML.
import { MARK, SHAPES } from "./icons.js";

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, unknown> & {class?: string, text?: string | number,
 *   on?: Record<string, (event: any) => void>}} Props
 */

/** Properties that must be set as such: the attribute is only where they start. */
const LIVE = new Set(["value", "checked", "disabled", "hidden", "selected", "indeterminate", "muted", "loop"]);
const SVG = "http://www.w3.org/2000/svg";

/**
 * A new element. `class`, `text` and `on` ({event: listener}) are special; of all other names true gives an
 * empty attribute, and false, null and undefined give none.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props | null} [props]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, props, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name === "class") made.className = String(value);
    else if (name === "text") made.textContent = String(value);
    else if (name === "on") listen(made, /** @type {Record<string, (event: any) => void>} */ (value));
    else if (LIVE.has(name)) Reflect.set(made, name, value ?? (name === "value" ? "" : false));
    else if (value === true && !name.startsWith("aria-")) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
    else if (value === false && name.startsWith("aria-")) made.setAttribute(name, "false");
  }
  fill(made, children.flat());
  return made;
}

/**
 * @param {Element} node
 * @param {Record<string, (event: any) => void>} listeners
 */
function listen(node, listeners) {
  for (const [name, listener] of Object.entries(listeners)) node.addEventListener(name, listener);
}

/**
 * Put children behind those there are.
 * @param {Element} node
 * @param {Child[]} children
 */
export function fill(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Take all children away, and put others there.
 * @param {Element} node
 * @param {...(Child | Child[])} children
 */
export function clear(node, ...children) {
  node.replaceChildren();
  fill(node, children.flat());
}

/**
 * A picture from `icons.js`, 20 units square, in the colour of the text around it. Hidden from readers.
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const drawing = /** @type {SVGSVGElement} */ (document.createElementNS(SVG, "svg"));
  drawing.setAttribute("viewBox", "0 0 20 20");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  drawing.setAttribute("focusable", "false");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name] ?? "");
  drawing.append(path);
  return drawing;
}

/** The page's mark, as in `favicon.svg`; drawn here, so that it is there without the server. @param {string} name */
export function logo(name) {
  const drawing = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 32 32", class: "logo", role: "img", "aria-label": name })) drawing.setAttribute(key, value);
  for (const [tag, facts] of MARK) {
    const part = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(facts)) part.setAttribute(key, value);
    drawing.append(part);
  }
  return drawing;
}

/**
 * A button. `kind`: "primary", "plain" (a frame), "quiet" (text only), "icon" (square; the label is spoken).
 * @param {string} label
 * @param {(event: MouseEvent) => void} run
 * @param {{kind?: string, icon?: string, [name: string]: unknown}} [props]
 * @returns {HTMLButtonElement}
 */
export function button(label, run, { kind = "plain", icon: drawing, ...props } = {}) {
  const square = kind === "icon";
  const more = square ? { "aria-label": label, title: label } : {};
  return el(
    "button",
    { type: "button", ...more, ...props, class: `button ${square ? "square" : kind} ${props.class ?? ""}`.trim(), on: { click: run } },
    drawing ? icon(drawing) : null,
    square ? null : el("span", { text: label }),
  );
}

const TO_BE_SEEN = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\u2800]/u;

/** A text, or nothing where there is nothing in it for the eye: spaces, marks without width. @param {string} text */
export function visible(text) {
  return TO_BE_SEEN.test(text) ? text.trim() : "";
}

/**
 * The one element with an id in index.html.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}
