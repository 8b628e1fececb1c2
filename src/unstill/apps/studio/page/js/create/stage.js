// The frame that holds the picture, then the preview, then the video, always in the same place.
import { clear, el } from "../dom.js";
import { urls } from "../api.js";
import { t } from "../i18n.js";
import { cropVeil } from "./crop.js";
import { emptyStage } from "./empty.js";
import { player } from "./player.js";

/**
 * @typedef {import("../types.js").Video} Video
 * @typedef {import("../types.js").Picture} Picture
 */

export function stage() {
  const picture = el("img", { class: "layer picture", alt: "", hidden: true });
  const preview = el("img", { class: "layer preview", alt: "", hidden: true });
  const unseen = el("p", { class: "layer unseen-picture muted", hidden: true });
  const veil = cropVeil();
  const screen = el("div", { class: "screen" });
  const start = el("div", { class: "start" });
  const line = el("div", {
    class: "thin", role: "progressbar", "aria-label": t("run.progress"), "aria-valuemin": "0", "aria-valuemax": "100",
    hidden: true,
  }, el("span", null));
  const over = el("p", { class: "dropping", text: t("create.dropping"), "aria-hidden": "true" });
  const node = el(
    "section",
    { class: "stage", "aria-label": t("create.stage") },
    picture, veil.drawing, unseen, preview, screen, veil.label, start, line, over,
  );
  /** @type {ReturnType<typeof player> | null} */
  let playing = null;
  let shown = "";

  const reset = () => {
    playing?.stop();
    playing = null;
    clear(screen);
    preview.hidden = true;
    preview.removeAttribute("src");
    veil.hide();
    progress(null);
  };
  /** @param {string} kind */
  const become = (kind) => {
    node.dataset.state = kind;
    if (kind !== "empty") clear(start);
  };
  /** @param {string} src @param {string} alt */
  const lay = (src, alt) => {
    unseen.hidden = true;
    picture.hidden = false;
    picture.alt = alt;
    if (picture.getAttribute("src") !== src) picture.src = src;
  };
  /** @param {number | null} percent */
  function progress(percent) {
    line.hidden = percent === null;
    line.setAttribute("aria-valuenow", String(Math.round(percent ?? 0)));
    /** @type {HTMLElement} */ (line.firstElementChild).style.scale = `${(percent ?? 0) / 100} 1`;
  }

  return {
    node,
    progress,
    showEmpty() {
      reset();
      shown = "";
      picture.hidden = unseen.hidden = true;
      picture.removeAttribute("src");
      become("empty");
      clear(start, emptyStage());
    },
    /** @param {Picture} given */
    showPicture(given) {
      reset();
      shown = "";
      become("picture");
      const alt = t("create.picture_alt", { name: given.name });
      if (given.width) lay(given.url, alt);
      else {
        picture.hidden = true;
        unseen.hidden = false;
        unseen.textContent = given.name;
      }
    },
    /** The crop that a plan means for the picture. @param {Picture | null} given @param {any} plan */
    crop(given, plan) {
      if (given && plan && node.dataset.state === "picture") veil.show(given, plan);
      else veil.hide();
    },
    /** A video that is not there yet: its picture, the composer's where that is the same. @param {Video} video @param {Picture | null} given */
    showRunning(video, given) {
      if (shown === video.id && node.dataset.state === "running") return;
      reset();
      shown = video.id;
      become("running");
      const src = given?.made.has(video.id) && given.width ? given.url : urls.input(video.id);
      lay(src, t("create.picture_alt", { name: video.input.name }));
      progress(video.progress);
    },
    /** @param {string} url a small picture of how far it is */
    showPreview(url) {
      if (node.dataset.state !== "running") return;
      preview.hidden = false;
      preview.src = url;
    },
    /** @param {Video} video */
    showVideo(video) {
      if (shown === video.id && node.dataset.state === "done") return;
      const before = shown === video.id;
      playing?.stop();
      if (!before) {
        reset();
        lay(video.output?.thumbnail ? urls.content(video.id, "thumbnail") : urls.input(video.id), "");
      }
      shown = video.id;
      progress(null);
      veil.hide();
      become("done");
      const made = player(video);
      playing = made;
      made.node.classList.add("coming");
      clear(screen, made.node);
      void made.ready.then(() => made.node.classList.remove("coming"));
    },
    /** @param {boolean} on whether a file is held over the page */
    hover: (on) => node.classList.toggle("hovered", on),
    toggle: () => playing?.toggle(),
    stop: () => playing?.stop(),
  };
}
