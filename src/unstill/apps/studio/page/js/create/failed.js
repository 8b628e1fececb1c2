// Under the stage when there will be no video: why, and what to do.
import * as api from "../api.js";
import { button, el, visible } from "../dom.js";
import { errorBlock, friendly } from "../errors.js";
import { t } from "../i18n.js";
import { adviceChips } from "./advice.js";
import { start } from "./done.js";

/** @typedef {import("../types.js").Video} Video */

const MEMORY = /memory/;
const INCIDENT = /\b[0-9a-f]{8}\b/;

/** @param {Video} video @param {import("./done.js").Acts} acts */
export function failedPanel(video, acts) {
  const again = button(t(video.state === "cancelled" ? "done.again_cancelled" : "error.again"), () =>
    void start(() => api.videos.remix(video.id, { prompt: video.prompt, seed: video.seed }), acts), { icon: "redo" });
  const use = button(t("done.use"), () => acts.use(video), { kind: "quiet", icon: "settings" });
  const fresh = button(t("done.new"), acts.fresh, { kind: "quiet", icon: "add" });
  if (video.state === "cancelled") {
    const headline = el("p", { class: "headline", tabindex: "-1", text: t("done.cancelled") });
    return {
      node: el("div", { class: "panel" }, headline, saidOf(video), el("div", { class: "row" }, again, use, fresh)),
      focus: () => headline.focus({ preventScroll: true }),
    };
  }
  const code = video.error?.code ?? "unexpected";
  const short = MEMORY.test(code); // what to do is told by the advice
  const said = {
    message: friendly(video.error?.message ?? t("error.unexpected")),
    hint: short ? "" : friendly(video.error?.hint ?? ""),
    code,
    incident: code === "unexpected" ? (INCIDENT.exec(`${video.error?.message} ${video.error?.hint}`)?.[0] ?? null) : null,
    param: null,
    waitS: 0,
  };
  const block = errorBlock(said, [again, use, fresh]);
  block.tabIndex = -1;
  return {
    node: el("div", { class: "panel" }, block, saidOf(video), short ? adviceChips(video, acts, "out_of_memory") : null),
    focus: () => block.focus({ preventScroll: true }),
  };
}

/** @param {Video} video */
function saidOf(video) {
  return visible(video.prompt) ? el("p", { class: "said", dir: "auto", text: video.prompt }) : null;
}
