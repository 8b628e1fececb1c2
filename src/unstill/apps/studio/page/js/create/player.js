// A video in its frame: it loops, and its few controls come when one points at it.
import { button, el, visible } from "../dom.js";
import { urls } from "../api.js";
import { number, t } from "../i18n.js";
import * as state from "../state.js";

/** @typedef {import("../types.js").Video} Video */

const STILL = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * @param {Video} video
 * @param {{autoplay?: boolean, bare?: boolean}} [how] bare: without controls, for two side by side
 * @returns {{node: HTMLElement, media: HTMLElement, ready: Promise<void>, toggle: () => void, restart: () => void, stop: () => void}}
 */
export function player(video, { autoplay = !STILL.matches, bare = false } = {}) {
  const format = video.output?.format ?? "mp4";
  const label = t("done.video_alt", { prompt: visible(video.prompt) || t("done.no_prompt") });
  return format === "gif" || format === "webp" ? animation(video, label) : film(video, label, autoplay, bare);
}

/** @param {Video} video @param {string} label */
function animation(video, label) {
  const media = el("img", { class: "layer", src: urls.content(video.id), alt: label });
  const ready = media.decode().catch(() => {});
  const nothing = () => {};
  return { node: el("div", { class: "player" }, media), media, ready, toggle: nothing, restart: nothing, stop: nothing };
}

/** @param {Video} video @param {string} label @param {boolean} autoplay @param {boolean} bare */
function film(video, label, autoplay, bare) {
  const media = el("video", {
    class: "layer", src: urls.content(video.id), loop: true, muted: true, playsinline: true, preload: "auto",
    "aria-label": label, tabindex: "-1",
  });
  media.muted = true; // the attribute alone does not count for a video made by script
  const toggle = () => void (media.paused ? media.play().catch(() => {}) : media.pause());
  const bar = bare ? null : controls(media, toggle, video.sound);
  const node = el("div", { class: "player" }, media, bar);
  media.addEventListener("click", toggle);
  const mark = () => node.classList.toggle("paused", media.paused && media.readyState > 1);
  for (const name of ["play", "pause", "loadeddata"]) media.addEventListener(name, mark);
  const ready = new Promise((/** @type {(value: void) => void} */ done) => {
    media.addEventListener("loadeddata", () => done(), { once: true });
    media.addEventListener("error", () => done(), { once: true });
  });
  if (autoplay) void ready.then(() => media.play().catch(() => {}));
  // What broke while the server was away comes when it is back.
  const unwatch = state.on("online", (online) => {
    if (!online || !media.error) return;
    media.load();
    if (autoplay) void media.play().catch(() => {});
  });
  return {
    node,
    media,
    ready,
    toggle,
    restart: () => {
      media.currentTime = 0;
      void media.play().catch(() => {});
    },
    stop: () => {
      unwatch();
      media.pause();
      media.removeAttribute("src");
      media.load();
    },
  };
}

/** @param {HTMLVideoElement} media @param {() => void} toggle @param {boolean} sounds */
function controls(media, toggle, sounds) {
  const play = button(t("done.play"), toggle, { kind: "icon", icon: "play", class: "playing" });
  const at = el("input", { type: "range", min: "0", max: "1000", value: "0", step: "1", "aria-label": t("done.position") });
  const time = el("span", { class: "small" });
  const whole = button(t("done.fullscreen"), () => void media.requestFullscreen?.(), { kind: "icon", icon: "expand" });
  const draw = () => {
    const length = media.duration || 0;
    at.value = String(length ? Math.round((1000 * media.currentTime) / length) : 0);
    const told = `${number(media.currentTime)} / ${t("app.seconds", { n: length })}`;
    time.textContent = told;
    at.setAttribute("aria-valuetext", told);
  };
  const drawPlay = () => {
    const fresh = button(t(media.paused ? "done.play" : "done.pause"), toggle, { kind: "icon", icon: media.paused ? "play" : "pause" });
    play.replaceChildren(...fresh.childNodes);
    play.title = fresh.title;
    play.setAttribute("aria-label", fresh.title);
  };
  at.addEventListener("input", () => {
    media.pause();
    media.currentTime = ((media.duration || 0) * Number(at.value)) / 1000;
  });
  for (const name of ["timeupdate", "loadedmetadata", "seeked"]) media.addEventListener(name, draw);
  for (const name of ["play", "pause"]) media.addEventListener(name, drawPlay);
  return el("div", { class: "controls" }, play, at, time, ...(sounds ? loudness(media) : []), whole);
}

/**
 * How loud: a video begins muted, as pages may not make noise by themselves.
 * @param {HTMLVideoElement} media
 */
function loudness(media) {
  const toggle = () => {
    media.muted = !media.muted;
    if (!media.muted && !media.volume) media.volume = 1;
  };
  const speaker = button(t("done.unmute"), toggle, { kind: "icon", icon: "hushed", class: "speaker" });
  const level = el("input", { type: "range", min: "0", max: "100", value: "0", step: "1", class: "volume", "aria-label": t("done.volume") });
  const draw = () => {
    const told = t(media.muted ? "done.unmute" : "done.mute");
    speaker.replaceChildren(...button(told, toggle, { kind: "icon", icon: media.muted ? "hushed" : "speaker" }).childNodes);
    speaker.title = told;
    speaker.setAttribute("aria-label", told);
    level.value = String(media.muted ? 0 : Math.round(100 * media.volume));
  };
  level.addEventListener("input", () => {
    media.volume = Number(level.value) / 100;
    media.muted = level.value === "0";
  });
  media.addEventListener("volumechange", draw);
  return [speaker, level];
}
