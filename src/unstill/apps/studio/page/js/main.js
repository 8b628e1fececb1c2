// Start: words, header, who may come in, and which view the address asks for.
import { onFailure, session } from "./api.js";
import { clear, el, part } from "./dom.js";
import { drawHeader } from "./header.js";
import { onLanguage, preferred, setLanguage, t } from "./i18n.js";
import { watchConnection } from "./connection.js";
import { bind, listen, showKeys } from "./shortcuts.js";
import * as state from "./state.js";

/**
 * @typedef {{id?: string, compare?: string[]}} Params
 * @typedef {{mount: (root: HTMLElement, params: Params) => () => void}} View
 * @typedef {"create" | "library" | "system" | "login"} Room
 */

/** @type {Record<Room, () => Promise<View>>} */
const VIEWS = {
  create: () => import("./create/view.js"),
  library: () => import("./library.js"),
  system: () => import("./system.js"),
  login: () => import("./login.js"),
};

let unmount = () => {};
let visit = 0;
let lockedOut = false;
/** Whether there has been a view, and whether the one that is meant now did not come through. */
let begun = false;
let missing = false;

/** Ids are made of these; anything else in their place is the address of no video. @param {string} id */
const idOf = (id) => (/^[\w-]+$/.test(id) ? id : "none");

/** What the address asks for. @returns {{room: Room, params: Params}} */
function wanted() {
  const [, first = "", ...rest] = location.hash.split("/").map(unescaped);
  if (first === "v" && rest[0]) return { room: "create", params: { id: idOf(rest[0]) } };
  if (first === "compare" && rest[1]) return { room: "create", params: { compare: rest.slice(0, 2).map(idOf) } };
  return { room: first === "library" || first === "system" ? first : "create", params: {} };
}

/** @param {string} text */
function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {boolean} [moved] whether the person went somewhere, so that the focus should follow */
async function show(moved = false) {
  const mine = ++visit;
  const { room, params } = lockedOut ? { room: /** @type {Room} */ ("login"), params: {} } : wanted();
  drawHeader(room, !lockedOut);
  const view = await VIEWS[room]().catch(() => null);
  if (mine !== visit) return;
  missing = !view;
  unmount();
  unmount = () => {};
  const root = part("view");
  clear(root);
  root.dataset.room = room;
  document.title = room === "create" || room === "login" ? "unstill" : `${t(`app.${room}`)} · unstill`;
  if (view) unmount = view.mount(root, params);
  else clear(root, el("div", { class: "lone" }, el("h1", { text: t("app.not_loaded") }), reload()));
  // A page that was whole is not loaded again by itself: it holds a picture.
  if (view || !begun) dispatchEvent(new Event(view ? "unstill:complete" : "unstill:incomplete"));
  begun ||= view !== null;
  if (moved) {
    window.scrollTo(0, 0);
    root.focus({ preventScroll: true });
  }
}

function reload() {
  return el("button", {
    type: "button", class: "button primary", text: t("app.reload"), on: { click: () => location.reload() },
  });
}

/** @param {boolean} out */
function lock(out) {
  if (out === lockedOut) return;
  lockedOut = out;
  void show(true);
}

/** The other rooms, while nothing else is to do: they can be entered when the server is away. */
function fetchAhead() {
  const idle = window.requestIdleCallback ?? ((/** @type {() => void} */ run) => setTimeout(run, 1000));
  idle(() => {
    for (const load of Object.values(VIEWS)) load().catch(() => {});
  });
}

async function start() {
  let shown = false;
  // Asked first and waited for by nobody: the page is drawn meanwhile.
  session().then((known) => {
    if (known.signed_in) return;
    if (shown) lock(true);
    else lockedOut = true;
  }, () => {});
  await setLanguage(preferred(), false);
  listen();
  bind({ "?": showKeys });
  onFailure((error) => error.status === 401 && lock(true));
  document.addEventListener("unstill:in", () => lock(false));
  watchConnection();
  onLanguage(() => void show());
  window.addEventListener("hashchange", () => void show(true));
  part("skip").addEventListener("click", (event) => {
    event.preventDefault();
    part("view").focus();
  });
  state.on("online", (online) => online && missing && void show());
  shown = true;
  await show();
  fetchAhead();
}

start().catch(() => dispatchEvent(new Event("unstill:incomplete")));
