// Under the stage when a video is there: what it is, what to do with it, and what to change.
import * as api from "../api.js";
import { openDialog, toast } from "../dialog.js";
import { button, el, icon, visible } from "../dom.js";
import { explain } from "../errors.js";
import { duration, number, size, t } from "../i18n.js";
import { adviceChips } from "./advice.js";
import { cards } from "./asked.js";
import { besidesKind } from "./models.js";

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
    visible(video.prompt) ? el("p", { class: "said", dir: "auto", text: video.prompt }) : null,
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
    el("a", { class: "button", href: api.urls.content(video.id), download: "" },
      icon("download"), el("span", { text: t("done.download") })),
    video.task === "generate" && button(t(video.generative ? "done.again" : "done.again_other"), () => void again(), { icon: "dice" }),
    canExtend && button(t("done.extend"), () => askExtend(video, acts), { icon: "longer" }),
    button(t("done.compare"), () => acts.compare(video), { icon: "compare" }),
    button(t("done.use"), () => acts.use(video), { kind: "quiet", icon: "settings" }),
    button(t("done.new"), acts.fresh, { kind: "quiet", icon: "add" }),
  );
}

/** @param {Video} video */
function notes(video) {
  const told = video.generative ? video.notes : besidesKind(video.notes);
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
  const frames = cards().find((one) => one.id === video.model)?.frames ?? { low: 1, high: 64 };
  const [least, most] = [frames.low / Number(video.fps), frames.high / Number(video.fps)].map(tenths);
  const prompt = el("textarea", { id: "extend-prompt", rows: "3", maxlength: "4000", autofocus: true, value: video.prompt, dir: "auto" });
  const own = tenths(Math.min(Number(video.plan.num_frames) / Number(video.fps), 8));
  const seconds = el("input", {
    id: "extend-seconds", class: "input", type: "number", min: String(Math.max(least, 0.1)), max: String(most), step: "any",
    required: true, value: String(own),
  });
  const trouble = el("p", { class: "error-text", role: "alert", hidden: true });
  const go = async () => {
    if (!seconds.reportValidity()) return;
    act.disabled = true;
    try {
      const made = await api.videos.extend(video.id, { prompt: prompt.value, seconds: seconds.value });
      close();
      acts.started(made);
    } catch (error) {
      const said = explain(error);
      trouble.textContent = `${said.message} ${said.hint}`;
      trouble.hidden = false;
    }
    act.disabled = false;
  };
  const act = button(t("create.generate"), () => void go(), { kind: "primary" });
  prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void go();
  });
  const close = openDialog(t("done.extend_title"), [
    el("div", { class: "field" }, el("label", { for: "extend-prompt", text: t("done.extend_what") }), prompt),
    el("div", { class: "field short" }, el("label", { for: "extend-seconds", text: t("done.extend_seconds") }), seconds),
    trouble,
  ], { actions: [act] });
}

/** @param {number} value */
function tenths(value) {
  return Math.round(value * 10) / 10;
}
