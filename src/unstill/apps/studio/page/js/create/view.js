// The Create page: composer, stage, and what is said under the stage.
import * as api from "../api.js";
import { announce } from "../dialog.js";
import { button, clear, el } from "../dom.js";
import { isFinal, watch } from "../events.js";
import { explain } from "../errors.js";
import { t } from "../i18n.js";
import { bind } from "../shortcuts.js";
import * as state from "../state.js";
import { compare } from "./compare.js";
import { composer } from "./composer.js";
import { donePanel } from "./done.js";
import { failedPanel } from "./failed.js";
import { filmstrip } from "./filmstrip.js";
import { adopt, awaitShape, choose, forgetShape, own, takeFiles, takeOff, useFile, useIncoming, useVideoOf } from "./picture.js";
import { runningPanel } from "./running.js";
import { stage } from "./stage.js";
import { callInTab, showInTab } from "./title.js";

/** @typedef {import("../types.js").Video} Video */

/**
 * @param {HTMLElement} root
 * @param {{id?: string, compare?: string[]}} params
 * @returns {() => void}
 */
export function mount(root, params) {
  const screen = stage();
  const panel = el("div", { class: "under" });
  const film = filmstrip((video) => void open(video.id));
  if ((params.id || params.compare) && !state.get("picture")) awaitShape();
  const form = composer({ started: sent, planned });
  /** @type {Video | null} */
  let current = null;
  /** @type {ReturnType<typeof runningPanel> | null} */
  let running = null;
  let unwatch = () => {};
  let plan = /** @type {any} */ (null);
  let gone = false;
  /** The video that was asked for while the server was away. */
  let awaited = "";

  root.append(el("div", { class: "create" },
    el("div", { class: "see" }, screen.node, panel, film.node), form.node));

  // --- What is on the stage

  function leave() {
    awaited = "";
    unwatch();
    unwatch = () => {};
    running?.stop();
    running = null;
    showInTab(null);
  }

  function showPicture() {
    leave();
    current = null;
    film.mark("");
    form.away(false);
    const picture = state.get("picture");
    if (location.hash.startsWith("#/v/")) history.replaceState(null, "", "#/");
    const byKey = screen.node.querySelector(":focus-visible") !== null;
    clear(panel, picture && caption(picture));
    if (!picture) {
      forgetShape();
      screen.showEmpty();
    } else {
      screen.showPicture(picture);
      screen.crop(picture, plan);
      if (byKey) form.focusPrompt(); // what had the focus is gone
    }
  }

  /** @param {import("../types.js").Picture} picture */
  function caption(picture) {
    const facts = { name: picture.name, width: String(picture.width), height: String(picture.height) };
    return el("div", { class: "panel row spread" },
      el("p", { class: "muted grow name", text: picture.width ? t("create.picture_of", facts) : picture.name }),
      button(t("create.replace"), choose, { kind: "quiet", icon: "picture" }),
      button(t("create.take_off"), takeOff, { kind: "icon", icon: "close" }));
  }

  /** @param {Video} video @param {boolean} [moved] whether the person asked for it just now */
  function show(video, moved = false) {
    if (gone || (!moved && isOnStage(video))) return;
    current = video;
    state.know(video);
    film.know(video);
    film.mark(video.id);
    form.away(!state.get("picture")?.made.has(video.id));
    adopt(video);
    if (!isFinal(video)) showRunning(video, moved);
    else {
      leave();
      const acts = { started, compare, use, apply, rewrite: (/** @type {Video} */ one) => void rewrite(one), fresh: () => void fresh() };
      const under = video.state === "completed" ? donePanel(video, acts) : failedPanel(video, acts);
      if (video.state === "completed") {
        screen.showVideo(video);
        state.set("lastSeed", video.seed);
      } else {
        screen.showRunning(video, state.get("picture"));
        screen.progress(null);
      }
      clear(panel, under.node);
      if (moved) under.focus();
    }
  }

  /** Whether there is nothing new to show: what is open under the stage stays open. @param {Video} video */
  function isOnStage(video) {
    return isFinal(video) && JSON.stringify(video) === JSON.stringify(current);
  }

  /** @param {Video} video @param {boolean} moved */
  function showRunning(video, moved) {
    screen.showRunning(video, state.get("picture"));
    if (!running) {
      running = runningPanel(video);
      clear(panel, running.node);
      follow(video.id);
    }
    running.state(video);
    showInTab(video.progress);
    if (moved) running.focus();
  }

  /** @param {string} id */
  function follow(id) {
    unwatch();
    unwatch = watch(id, {
      progress(told) {
        running?.progress(told);
        screen.progress(told.progress);
        showInTab(told.progress);
      },
      preview: screen.showPreview,
      lost: () => running?.lost(),
      state(video) {
        const settled = isFinal(video);
        const focused = panel.contains(document.activeElement);
        show(video, settled && focused);
        if (!settled) return;
        const text = video.state === "completed" ? t("done.said") : (video.error?.message ?? t("done.cancelled"));
        announce(text);
        callInTab(text);
      },
      gone: notHere,
    });
  }

  /** @param {unknown} error */
  function notHere(error) {
    leave();
    film.mark("");
    const said = explain(error);
    const text = said.code === "video_not_found" ? t("done.not_found") : said.message;
    if (said.code === "video_not_found") {
      current = null;
      screen.showEmpty();
    }
    if (!current) forgetShape();
    clear(panel, el("div", { class: "panel" }, el("p", { role: "alert", text }),
      el("div", { class: "row" }, button(t("done.new"), () => void fresh(), { icon: "add" }), el("a", { class: "button quiet", href: "#/library", text: t("done.all") }))));
  }

  // --- What people do

  /** @param {Video} video made from the composer's picture */
  function sent(video) {
    state.get("picture")?.made.add(video.id);
    started(video);
  }

  /** @param {Video} video a new job */
  function started(video) {
    const picture = state.get("picture");
    if (current && picture?.made.has(current.id)) picture.made.add(video.id); // a remix or extension of it
    leave();
    history.pushState(null, "", `#/v/${encodeURIComponent(video.id)}`);
    show(video, true);
    screen.node.scrollIntoView({ block: "nearest" });
    announce(t("run.started"));
  }

  /** @param {string} id */
  async function open(id) {
    if (current?.id === id) return;
    leave();
    const hash = `#/v/${encodeURIComponent(id)}`;
    if (location.hash !== hash) history.pushState(null, "", hash);
    const known = state.get("jobs").get(id);
    if (known && isFinal(known)) show(known);
    try {
      const video = await api.videos.get(id);
      if (!gone && (!current || current.id === id || location.hash === hash)) show(video);
    } catch (error) {
      if (gone) return;
      notHere(error);
      if (explain(error).code === "offline") [awaited, current] = [id, null];
    }
  }

  /** @param {Video} video */
  async function use(video) {
    await useVideoOf(video);
    form.focusPrompt();
  }

  /** @param {Video} video @param {Record<string, any>} changes @param {boolean} go */
  async function apply(video, changes, go) {
    if (go && video.task === "generate") {
      try {
        started(await api.videos.remix(video.id, { prompt: video.prompt, seed: video.seed, ...changes }));
        state.set("settings", own({ ...video.request, ...changes }));
        return;
      } catch (error) {
        announce(explain(error).message);
      }
    }
    await useVideoOf({ ...video, request: { ...video.request, ...changes } });
    form.focusPrompt();
  }

  /** @param {Video} video */
  async function rewrite(video) {
    await useVideoOf(video);
    form.focusPrompt();
  }

  function fresh() {
    showPicture();
    form.focusPrompt();
  }

  /** @param {any} next */
  function planned(next) {
    const other = plan && next && plan.model !== next.model;
    plan = next ?? plan;
    if (other && screen.node.dataset.state === "empty") screen.showEmpty(); // its examples are for a model
    if (!current) screen.crop(state.get("picture"), next);
  }

  // --- Coming in

  const stops = [
    takeFiles(screen.hover, (file) => void useFile(file)),
    state.on("picture", (picture) => {
      if (!picture?.quiet) showPicture();
      else if (current) form.away(!picture.made.has(current.id));
    }),
    bind({
      " ": () => {
        if (current?.state !== "completed") return false;
        screen.toggle();
        return true;
      },
      j: () => film.step(1),
      k: () => film.step(-1),
    }),
  ];
  if (params.id) void open(params.id);
  else showPicture();
  if (params.compare) void compareBoth(params.compare);
  void useIncoming();
  void facts();

  /** @param {string[]} ids */
  async function compareBoth([first, second]) {
    try {
      const video = await api.videos.get(first);
      show(video);
      await compare(video, second);
    } catch (error) {
      notHere(error);
    }
  }

  async function facts() {
    const [models, system] = await Promise.all([api.models(), api.system()]).catch(() => [null, null]);
    if (gone) return;
    if (models) state.set("models", models);
    if (system) state.set("system", system);
    if (!current && !state.get("picture") && !params.id) screen.showEmpty();
  }
  stops.push(state.on("online", (online) => online && void Promise.all([facts(), awaited && open(awaited)])));

  return () => {
    gone = true;
    leave();
    for (const stop of stops) stop();
    screen.stop();
    film.stop();
    form.stop();
  };
}
