// Under the stage while a video waits or is made: what is being done, how far, how long still, and a way out.
import * as api from "../api.js";
import { button, clear, el } from "../dom.js";
import { toast } from "../dialog.js";
import { explain } from "../errors.js";
import { duration, has, t } from "../i18n.js";

/** @typedef {import("../types.js").Video} Video */
/** @typedef {{stage: string, step: number, total: number, progress: number, eta_s: number | null}} Told */

/** @param {Video} video */
export function runningPanel(video) {
  const what = el("p", { class: "headline", tabindex: "-1" });
  const left = el("p", { class: "muted", role: "status" });
  const stop = button(t("app.cancel"), () => void cancel(), { icon: "close" });
  const node = el(
    "div",
    { class: "panel running" },
    el("div", { class: "row spread" }, el("div", { class: "grow" }, what, left), stop),
    el("p", { class: "muted small", text: t("run.stays") }),
  );
  let now = video;
  /** @type {Told | null} */
  let told = null;
  let toldAt = 0;
  let lost = false;

  const draw = () => {
    clear(what, el("span", { text: headline(now, told) }), told && !lost ? el("span", { class: "muted", text: ` ${t("run.percent", { n: told.progress })}` }) : null);
    left.textContent = lost ? t("run.lost") : remaining();
    stop.disabled = now.cancelling;
  };
  const remaining = () => {
    const eta = told?.eta_s ?? now.eta_s;
    if (eta === null || eta === undefined || now.cancelling) return "";
    const passed = told ? (performance.now() - toldAt) / 1000 : 0;
    return t("run.left", { time: duration(Math.max(1, Math.ceil(eta - passed))) });
  };
  const cancel = async () => {
    stop.disabled = true;
    try {
      now = await api.videos.cancel(now.id);
      draw();
    } catch (error) {
      stop.disabled = false;
      toast(explain(error).message);
    }
  };
  const clock = window.setInterval(draw, 1000);
  draw();
  return {
    node,
    focus: () => what.focus({ preventScroll: true }),
    /** @param {Told} next */
    progress(next) {
      told = next;
      toldAt = performance.now();
      lost = false;
      draw();
    },
    /** @param {Video} next */
    state(next) {
      now = next;
      lost = false;
      if (next.state === "queued") told = null;
      draw();
    },
    lost() {
      lost = true;
      draw();
    },
    stop: () => clearInterval(clock),
  };
}

/** @param {Video} video @param {Told | null} told */
function headline(video, told) {
  if (video.cancelling) return t("run.cancelling");
  if (video.state === "queued") {
    const place = video.queue_position ?? 0;
    return place > 1 ? `${t("run.queued")}${t("plan.join")}${t("run.place", { n: place })}` : t("run.next");
  }
  if (!told) return video.stage ? stageWords(video.stage, null) : t("run.start");
  return stageWords(told.stage, told);
}

/** @param {string} stage @param {Told | null} told */
function stageWords(stage, told) {
  const counts = COUNTED.has(stage);
  if (counts && !told) return t("run.other");
  const facts = { step: Math.min((told?.step ?? 0) + (stage === "frame" ? 1 : 0), told?.total ?? 0), total: told?.total ?? 0 };
  return has(`run.${stage}`) ? t(`run.${stage}`, facts) : t("run.other");
}

const COUNTED = new Set(["step", "frame", "decode", "retime", "upscale"]);
