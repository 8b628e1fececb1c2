// One video in the library: its poster, one line of words, and how far it is or how it ended.
import { urls } from "./api.js";
import { button, clear, el, icon, visible } from "./dom.js";
import { isFinal } from "./events.js";
import { ago, duration, has, moment, number, t } from "./i18n.js";
import * as state from "./state.js";

/** Posters are at least so narrow and so wide, as width over height; beyond that they are cut. */
const NARROWEST = 0.7;
const WIDEST = 2.2;
/** How long the pointer rests before a video plays, in ms. */
const REST_MS = 140;

/**
 * @typedef {{menu: (video: any, at: HTMLElement) => void, pick: (video: any, on: boolean) => void,
 *   cancel: (video: any) => void}} Acts
 * @typedef {{node: HTMLLIElement, update: (video: any) => void, focus: () => void, preview: (url: string) => void,
 *   picked: (on: boolean) => void, stop: () => void}} Tile
 */

/**
 * @param {any} first
 * @param {Acts} acts
 * @returns {Tile}
 */
export function tile(first, acts) {
  let video = first;
  const picture = el("img", { alt: "", loading: "lazy", decoding: "async", draggable: "false" });
  const shown = el("span", { class: "poster" }, picture);
  const words = el("span", { class: "caption" });
  const link = el("a", { class: "open", href: `#/v/${encodeURIComponent(video.id)}` }, shown, words);
  const tools = el("div", { class: "tools" });
  const node = el("li", { class: "tile", "data-id": video.id }, link, tools);
  const player = hoverPlayer(node, shown, () => video);
  const [width, height] = video.size.split("x").map(Number);
  const ratio = Math.min(WIDEST, Math.max(NARROWEST, width / height || 1));
  node.style.setProperty("--ratio", ratio.toFixed(3));
  picture.addEventListener("error", () => node.classList.add("bare"));

  let drawn = "";
  /** @param {any} next */
  const update = (next) => {
    video = next;
    const key = `${video.state}${video.cancelling}${video.output?.thumbnail}`;
    if (key !== drawn) frame();
    drawn = key;
    clear(words, captionOf(video));
    shown.style.setProperty("--done", `${video.progress}%`);
  };

  const frame = () => {
    node.dataset.state = video.state;
    node.classList.toggle("cancelling", video.cancelling === true);
    const source = smallPicture(video);
    if (source && picture.getAttribute("src") !== source) picture.src = source;
    picture.hidden = !picture.hasAttribute("src");
    for (const old of shown.querySelectorAll(".line, .badge, .blank")) old.remove();
    if (!isFinal(video)) {
      if (picture.hidden) shown.append(el("span", { class: "blank" }, icon("picture")));
      shown.append(el("span", { class: "line" }));
    }
    if (video.state === "failed" || video.state === "cancelled") {
      shown.append(el("span", { class: "badge" }, icon(video.state === "failed" ? "warn" : "stop")));
    }
    clear(tools, toolsOf(() => video, acts));
  };

  update(video);
  return {
    node,
    update,
    focus: () => link.focus(),
    preview: (url) => {
      if (isFinal(video)) return;
      picture.src = url;
      picture.hidden = false;
      shown.querySelector(".blank")?.remove();
    },
    picked: (on) => {
      node.classList.toggle("picked", on);
      const box = tools.querySelector("input");
      if (box) box.checked = on;
    },
    stop: player,
  };
}

/** Nothing heavy: the thumbnail, else the composer's picture if it is that, else none. @param {any} video */
function smallPicture(video) {
  if (video.output?.thumbnail) return urls.content(video.id, "thumbnail");
  const given = state.get("picture");
  return given?.width && given.made.has(video.id) ? given.url : "";
}

/** @param {() => any} now @param {Acts} acts */
function toolsOf(now, acts) {
  const video = now();
  const name = nameOf(video);
  const pick = el(
    "label",
    { class: "pick", title: t("library.pick") },
    el("input", {
      type: "checkbox",
      "aria-label": t("library.pick_name", { name }),
      on: { change: (event) => acts.pick(now(), event.target.checked) },
    }),
  );
  const more = button(t("library.more_name", { name }), (event) => acts.menu(now(), /** @type {HTMLElement} */ (event.currentTarget)), {
    kind: "icon", class: "over more", "aria-haspopup": "menu",
  });
  more.title = t("library.more");
  more.append(el("span", { class: "dots", "aria-hidden": "true", text: "⋯" }));
  const cancel = button(t("library.cancel_name", { name }), () => acts.cancel(now()), { kind: "icon", icon: "close", class: "over" });
  cancel.title = t("library.cancel");
  return [video.state === "completed" && pick, !isFinal(video) && !video.cancelling && cancel, more];
}

/** The prompt, or what to call a video without one. @param {any} video */
export function nameOf(video) {
  return visible(video.prompt) || t("library.no_prompt");
}

/** Who made it. @param {any} video */
export function makerOf(video) {
  if (video.generative === false) return t("library.camera_motion");
  const known = (state.get("models") ?? []).find((/** @type {any} */ model) => model.id === video.model);
  return known?.title ?? video.model;
}

/** @param {any} video */
function captionOf(video) {
  const length = t("library.seconds", { n: number(Number(video.seconds)) });
  const when = el("span", { class: "when", title: moment(video.created_at), text: ago(video.created_at) });
  const said = el("span", { class: visible(video.prompt) ? "prompt" : "prompt muted", text: nameOf(video), title: video.prompt });
  const status = statusOf(video);
  if (status) return [said, el("span", { class: `status ${video.state}`, text: status, title: status })];
  return [said, el("span", { class: "facts" }, el("span", { text: length }), when, el("span", { class: "maker", text: makerOf(video) }))];
}

/** How far it is, or why there is no video; nothing for one that is done. @param {any} video */
function statusOf(video) {
  if (video.cancelling) return t("run.cancelling");
  if (video.state === "queued") {
    return video.queue_position > 1 ? t("library.waiting", { n: video.queue_position }) : t("run.next");
  }
  if (video.state === "in_progress") {
    const parts = [stageOf(video), t("run.percent", { n: number(video.progress, 0) })];
    if (video.eta_s) parts.push(t("run.left", { time: duration(video.eta_s) }));
    return parts.filter(Boolean).join(" · ");
  }
  if (video.state === "failed") return video.error?.message || t("error.failed_title");
  return video.state === "cancelled" ? t("library.cancelled") : "";
}

/** Its stage in words, with the step where that is known. @param {any} video */
function stageOf(video) {
  const key = `run.${video.stage}`;
  if (!video.stage || !has(key)) return "";
  const counts = t(key, { step: "{step}" }).includes("{step}");
  return counts && !video.total ? "" : t(key, { step: video.step, total: video.total });
}

/**
 * Play the video in its poster while it is pointed at or focused, unless the person wants no motion.
 * @param {HTMLElement} node
 * @param {HTMLElement} poster
 * @param {() => any} now
 * @returns {() => void} stops it for good
 */
function hoverPlayer(node, poster, now) {
  let timer = 0;
  /** @type {HTMLVideoElement | HTMLImageElement | null} */
  let moving = null;
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  const play = () => {
    const video = now();
    if (video.state !== "completed" || still.matches || moving) return;
    const src = urls.content(video.id);
    const isPicture = video.output?.format === "gif" || video.output?.format === "webp";
    moving = isPicture
      ? el("img", { class: "moving", alt: "", src })
      : el("video", { class: "moving", src, muted: true, loop: true, playsinline: true, autoplay: true, "aria-hidden": "true", tabindex: "-1" });
    const shown = moving;
    moving.addEventListener(isPicture ? "load" : "playing", () => shown.classList.add("on"), { once: true });
    poster.append(moving);
  };
  const rest = () => {
    clearTimeout(timer);
    timer = window.setTimeout(play, REST_MS);
  };
  const stop = () => {
    clearTimeout(timer);
    moving?.removeAttribute("src");
    if (moving instanceof HTMLVideoElement) moving.load();
    moving?.remove();
    moving = null;
  };
  const leave = () => {
    if (!node.matches(":hover") && !node.matches(":focus-within")) stop();
  };
  node.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && rest());
  node.addEventListener("pointerleave", () => window.setTimeout(leave));
  node.addEventListener("focusin", rest);
  node.addEventListener("focusout", () => window.setTimeout(leave));
  return stop;
}
