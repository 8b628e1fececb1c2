// Under the stage when a video is there: what it is, what to do with it, and what to change.
import * as api from "../api.js";
import { openDialog, toast } from "../dialog.js";
import { button, el, icon } from "../dom.js";
import { explain } from "../errors.js";
import { duration, number, size, t } from "../i18n.js";
import { adviceChips } from "./advice.js";
import { cards } from "./asked.js";

/**
 * @typedef {import("../types.js").Video} Video
 * @typedef {{use: (video: Video) => void, started: (video: Video) => void, compare: (video: Video) => void,
 *   apply: (video: Video, changes: Record<string, any>, go: boolean) => void,
 *   rewrite: (video: Video) => void, fresh: () => void}} Acts
 */

/** @param {Video} video @param {Acts} acts */
export function donePanel(video, acts) {
  const headline = el("p", { class: "headline", tabindex: "-1", text: sentence(video) });
  const node = el(
    "div",
    { class: "panel done" },
    headline,
    video.prompt ? el("p", { class: "said", dir: "auto", text: video.prompt }) : null,
    el("p", { class: "muted small", text: factsOf(video) }),
    actions(video, acts),
    notes(video),
    adviceChips(video, acts),
  );
  return { node, focus: () => headline.focus({ preventScroll: true }) };
}

/** What made it, in one sentence. @param {Video} video */
export function sentence(video) {
  if (!video.generative) return t("done.motion");
  const model = cards().find((one) => one.id === video.model)?.title ?? video.model;
  return t("done.generated", { model, seed: String(video.seed), time: duration(video.output?.elapsed_s ?? 0) });
}

/** @param {Video} video */
export function factsOf(video) {
  const [width, height] = video.size.split("x");
  const facts = t("done.facts", {
    width, height, frames: video.num_frames, fps: number(video.fps), size: size(video.output?.size_bytes ?? 0),
  });
  const made = t("done.made_in", { time: duration(video.output?.elapsed_s ?? 0) });
  return [t("app.seconds", { n: number(Number(video.seconds)) }), facts, video.generative ? "" : made].filter(Boolean).join(t("plan.join"));
}

/** @param {Video} video @param {Acts} acts */
function actions(video, acts) {
  const format = video.output?.format ?? "mp4";
  const canExtend = (format === "mp4" || format === "webm") && !video.plan.loop;
  const again = () => start(() => api.videos.remix(video.id, { prompt: video.prompt }), acts);
  return el(
    "div",
    { class: "row actions" },
    el("a", { class: "button", href: api.urls.content(video.id), download: `${nameOf(video)}.${format}` },
      icon("download"), el("span", { text: t("done.download") })),
    video.task === "generate" && button(t(video.generative ? "done.again" : "done.again_other"), () => void again(), { icon: "dice" }),
    canExtend && button(t("done.extend"), () => askExtend(video, acts), { icon: "longer" }),
    button(t("done.compare"), () => acts.compare(video), { icon: "compare" }),
    button(t("done.use"), () => acts.use(video), { kind: "quiet", icon: "settings" }),
    button(t("done.new"), acts.fresh, { kind: "quiet", icon: "add" }),
  );
}

/** A name for the file that says what it is. @param {Video} video */
function nameOf(video) {
  const words = video.prompt.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 40);
  return words || video.id;
}

/** @param {Video} video */
function notes(video) {
  const told = video.generative ? video.notes : video.notes.slice(1);
  if (!told.length) return null;
  return el("ul", { class: "remarked", "aria-label": t("done.notes") }, told.map((note) => el("li", null, icon("info"), el("span", { text: note }))));
}

/** @param {() => Promise<Video>} call @param {{started: (video: Video) => void}} acts */
export async function start(call, acts) {
  try {
    acts.started(await call());
  } catch (error) {
    const said = explain(error);
    toast(`${said.message} ${said.hint}`, { seconds: 8 });
  }
}

/** @param {Video} video @param {Acts} acts */
function askExtend(video, acts) {
  const prompt = el("textarea", { id: "extend-prompt", rows: "3", maxlength: "4000", autofocus: true, value: video.prompt, dir: "auto" });
  const own = Number(video.plan.num_frames) / Number(video.fps);
  const seconds = el("input", { id: "extend-seconds", class: "input", type: "number", min: "0.5", max: "60", step: "any", value: String(Math.round(Math.min(own, 8) * 10) / 10) });
  const go = () => {
    close();
    const fields = { prompt: prompt.value, seconds: seconds.value || undefined };
    void start(() => api.videos.extend(video.id, fields), acts);
  };
  prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) go();
  });
  const close = openDialog(t("done.extend_title"), [
    el("div", { class: "field" }, el("label", { for: "extend-prompt", text: t("done.extend_what") }), prompt),
    el("div", { class: "field short" }, el("label", { for: "extend-seconds", text: t("done.extend_seconds") }), seconds),
  ], { actions: [button(t("create.generate"), go, { kind: "primary" })] });
}
