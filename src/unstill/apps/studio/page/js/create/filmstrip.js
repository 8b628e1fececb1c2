// The latest videos under the stage, done and on their way.
import * as api from "../api.js";
import { clear, el, icon, visible } from "../dom.js";
import { isFinal } from "../events.js";
import { t } from "../i18n.js";
import * as state from "../state.js";

/** @typedef {import("../types.js").Video} Video */

const LENGTH = 12;
/** How often the list is asked for while something is on its way, and otherwise, in ms. */
const BUSY_MS = 3000;
const CALM_MS = 30000;
/** A picture of more is not fetched for a stamp of it: inputs are kept as PNG. */
const MOST_PIXELS = 4e6;

/** The thumbnail, or the picture it is made from where that is at hand or not too heavy. @param {Video} video */
function smallPicture(video) {
  if (video.output?.thumbnail) return api.urls.content(video.id, "thumbnail");
  const picture = state.get("picture");
  if (picture?.width && picture.made.has(video.id)) return picture.url;
  return video.input.width * video.input.height <= MOST_PIXELS ? api.urls.input(video.id) : "";
}

/** @param {(video: Video) => void} open */
export function filmstrip(open) {
  const list = el("ul", { class: "strip" });
  const node = el("nav", { class: "film", "aria-label": t("done.latest"), hidden: true },
    el("div", { class: "row spread" }, el("p", { class: "muted small", text: t("done.latest") }), el("a", { class: "small muted", href: "#/library", text: t("done.all") })),
    list);
  /** @type {Video[]} */
  let videos = [];
  let current = "";
  let timer = 0;
  let drawn = "";
  const abort = new AbortController();

  const load = async () => {
    clearTimeout(timer);
    try {
      videos = (await api.videos.list({ limit: LENGTH }, abort.signal)).data;
      for (const video of videos) state.get("jobs").set(video.id, video);
      draw();
    } catch {
      if (abort.signal.aborted) return;
    }
    timer = window.setTimeout(() => void load(), videos.some((one) => !isFinal(one)) ? BUSY_MS : CALM_MS);
  };
  const draw = () => {
    node.hidden = videos.length === 0;
    const shape = videos.map((one) => [one.id, one.state, one.progress, one.id === current].join()).join(";");
    if (shape === drawn) return;
    drawn = shape;
    const had = document.activeElement instanceof HTMLElement && list.contains(document.activeElement) ? document.activeElement.dataset.id : "";
    const pictures = new Map([...list.querySelectorAll("img")].map((one) => [one.dataset.id, one]));
    clear(list, videos.map((one) => frame(one, pictures.get(one.id))));
    if (had) /** @type {HTMLElement | null} */ (list.querySelector(`button[data-id="${CSS.escape(had)}"]`))?.focus();
  };

  /** @param {Video} video @param {HTMLImageElement | undefined} kept */
  const frame = (video, kept) => {
    const src = smallPicture(video);
    const same = kept && kept.getAttribute("src") === src;
    const picture = same ? kept : src ? el("img", { src, alt: "", loading: "lazy", width: "120", height: "80", "data-id": video.id }) : icon("picture");
    const told = video.state === "in_progress" ? t("run.percent", { n: video.progress }) : "";
    const words = { queued: t("film.queued"), in_progress: told, completed: "", failed: t("film.failed"), cancelled: t("film.cancelled") };
    const badge = words[video.state];
    return el("li", null,
      el("button", {
        type: "button", "data-id": video.id, "aria-current": video.id === current ? "true" : null,
        "aria-label": [visible(video.prompt) || t("done.no_prompt"), badge].filter(Boolean).join(", "), title: visible(video.prompt) || null,
        on: { click: () => open(video) },
      }, picture, badge ? el("span", { class: `frame-badge ${video.state}`, text: badge }) : null));
  };

  void load();
  return {
    node,
    load: () => void load(),
    /** @param {string} id the one on the stage */
    mark(id) {
      current = id;
      draw();
    },
    /** Put in a video that was just started, or has news. @param {Video} video */
    know(video) {
      const at = videos.findIndex((one) => one.id === video.id);
      videos = at < 0 ? [video, ...videos].slice(0, LENGTH) : videos.map((one) => (one.id === video.id ? video : one));
      draw();
      if (at < 0) void load();
    },
    /** The one `by` places earlier (1) or later (-1). @param {number} by */
    step(by) {
      const at = videos.findIndex((one) => one.id === current);
      const next = videos[at < 0 ? 0 : at + by];
      if (next) open(next);
      return Boolean(next);
    },
    /** The newest that is not done. */
    running: () => videos.find((one) => !isFinal(one)),
    stop() {
      clearTimeout(timer);
      abort.abort();
    },
  };
}
