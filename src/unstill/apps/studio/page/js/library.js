// The library: every video there is, found again by its words, its state and its model.
import { models, urls, videos } from "./api.js";
import { announce } from "./dialog.js";
import { button, clear, el } from "./dom.js";
import { explain } from "./errors.js";
import { isFinal, watch } from "./events.js";
import { t } from "./i18n.js";
import { STATES, libraryBar } from "./library_bar.js";
import { complain, deleter } from "./library_delete.js";
import { dropZone, takeAndGo } from "./library_drop.js";
import { grid } from "./library_grid.js";
import { videoList } from "./library_list.js";
import { openMenu } from "./library_menu.js";
import { picks } from "./library_picks.js";
import { takeFromLibrary } from "./library_take.js";
import { nameOf } from "./library_tile.js";
import { bind } from "./shortcuts.js";
import * as state from "./state.js";

export { takeVideo } from "./library_take.js";

/** Kept from one visit to the next. @type {import("./library_bar.js").Wish} */
const wish = { text: "", state: "all", model: "" };
let lastOpened = "";

/**
 * @param {HTMLElement} root
 * @param {object} _params
 * @returns {() => void}
 */
export function mount(root, _params) {
  const list = videoList((view) => draw(view));
  const remove = deleter(list);
  const chosen = picks((id, on) => posters.get(id)?.picked(on));
  const posters = grid({ menu: (video, at) => openMenu(at, nameOf(video), itemsOf(video)), pick: chosen.set, cancel }, t("app.library"));
  const bar = libraryBar(wish, () => void list.reload(asked()), (file) => void takeAndGo(file));
  const message = el("div", { class: "library-message" });
  const onward = button(t("library.load_more"), () => void list.next(), { kind: "quiet", class: "onward" });
  const follow = follower(list, posters);
  let greeted = false;
  let said = -1;

  /** @param {import("./library_list.js").View} view */
  const draw = (view) => {
    posters.show(view.items);
    chosen.keep(view.items);
    posters.node.setAttribute("aria-busy", String(view.loading));
    onward.hidden = !view.more;
    follow(view.items);
    page.classList.toggle("bare", view.items.length === 0 && !isFiltered());
    clear(message, messageOf(view, isFiltered(), bar.reset, () => void list.reload(asked())));
    if (view.loading || view.error) return;
    if (said !== view.items.length && said >= 0 && isFiltered()) announce(t("library.found", { n: view.items.length }));
    said = view.items.length;
    if (!greeted && posters.get(lastOpened)) posters.focus(lastOpened);
    greeted = true;
  };

  /** @param {any} video */
  function itemsOf(video) {
    const done = video.state === "completed";
    /** @type {(import("./library_menu.js").Item | false)[]} */
    const items = [
      { label: t("library.open"), icon: "play", href: `#/v/${encodeURIComponent(video.id)}` },
      done && { label: t("done.download"), icon: "download", href: urls.content(video.id), download: `${video.id}.${video.output?.format ?? "mp4"}` },
      { label: t("done.use"), icon: "settings", run: () => void use(video) },
      !isFinal(video) && { label: t("library.cancel"), icon: "close", run: () => void cancel(video) },
      { label: t("library.delete"), icon: "remove", danger: true, run: () => discard(video) },
    ];
    return items.filter((item) => item !== false);
  }

  /** @param {any} video */
  async function cancel(video) {
    try {
      list.patch(await videos.cancel(video.id));
    } catch (problem) {
      complain(problem);
    }
  }

  /** @param {any} video */
  function discard(video) {
    const next = posters.beside(video.id);
    void remove(video);
    if (next) posters.focus(next);
    else root.focus();
  }

  const discardCurrent = () => {
    const video = list.items().find((one) => one.id === posters.current());
    if (!video) return false;
    discard(video);
    return true;
  };

  const unbind = bind({
    j: () => posters.step(1),
    k: () => posters.step(-1),
    Delete: discardCurrent,
    Backspace: discardCurrent,
    "/": bar.focus,
    x: () => chosen.toggle(list.items().find((one) => one.id === posters.current())),
    Escape: chosen.clear,
  });
  posters.node.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a.open") : null;
    if (link) lastOpened = link.closest("li")?.dataset.id ?? "";
  });
  const near = new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting)) void list.next();
  }, { rootMargin: "600px" });
  near.observe(onward);

  const page = el("div", { class: "library" }, bar.node, posters.node, message, onward, chosen.node);
  root.append(page);
  const undrop = dropZone(root, (file) => void takeAndGo(file));
  void list.reload(asked());
  void knownModels().then(bar.offer, () => {});

  return () => {
    unbind();
    undrop();
    near.disconnect();
    follow([]);
    posters.stop();
    bar.stop();
    list.stop();
  };
}

/** @returns {import("./library_list.js").Query} */
function asked() {
  return { text: wish.text, state: STATES[wish.state] ?? [], model: wish.model };
}

function isFiltered() {
  return wish.text !== "" || wish.state !== "all" || wish.model !== "";
}

async function knownModels() {
  const known = state.get("models") ?? (await models());
  if (!state.get("models")) state.set("models", known);
  return known;
}

/** @param {any} video */
async function use(video) {
  try {
    await takeFromLibrary(video);
    location.hash = "#/";
  } catch (problem) {
    complain(problem);
  }
}

/**
 * What stands where no poster does: loading, nothing yet, nothing found, or what went wrong.
 * @param {import("./library_list.js").View} view
 * @param {boolean} filtered
 * @param {() => void} reset
 * @param {() => void} again
 */
function messageOf(view, filtered, reset, again) {
  if (view.error) {
    const said = explain(view.error);
    return [
      el("p", { class: "headline", text: said.message }),
      said.hint && el("p", { class: "muted", text: said.hint }),
      button(t("app.retry"), again),
    ];
  }
  if (view.items.length > 0) return [];
  if (view.loading) return [el("p", { class: "muted late", text: t("app.loading") })];
  if (filtered) {
    return [
      el("p", { class: "headline", text: t("library.none_found") }),
      el("p", { class: "muted", text: t("library.none_found_help") }),
      button(t("library.show_all"), reset),
    ];
  }
  return [
    el("p", { class: "headline", text: t("library.empty") }),
    el("p", { class: "muted", text: t("library.empty_help") }),
    el("a", { class: "button primary", href: "#/", text: t("library.make_first") }),
    el("p", { class: "muted small", text: t("library.empty_drop") }),
  ];
}

/**
 * Follow the one that is being made; the list itself asks for the others. More streams at once would take the
 * few connections that a browser opens to one host.
 * @param {ReturnType<typeof videoList>} list
 * @param {ReturnType<typeof grid>} posters
 * @returns {(videos: any[]) => void}
 */
function follower(list, posters) {
  let followed = "";
  let stop = () => {};
  return (items) => {
    const id = items.find((video) => video.state === "in_progress")?.id ?? "";
    if (id === followed) return;
    stop();
    followed = id;
    stop = id
      ? watch(id, {
          progress: (told) => list.patch({ id, ...told }),
          preview: (url) => posters.get(id)?.preview(url),
          state: (video) => {
            list.patch(video);
            if (isFinal(video)) state.know(video);
          },
        })
      : () => {};
  };
}
