// Two videos side by side, started together.
import * as api from "../api.js";
import { openDialog } from "../dialog.js";
import { button, clear, el, visible } from "../dom.js";
import { explain } from "../errors.js";
import { ago, t } from "../i18n.js";
import { factsOf, sentence } from "./done.js";
import { player } from "./player.js";

/** @typedef {import("../types.js").Video} Video */
/** @typedef {ReturnType<typeof player>} Player */

const MOST = 50;

/** @param {Video} video @param {string} [otherId] */
export async function compare(video, otherId) {
  const list = await api.videos.list({ state: "completed", limit: MOST }).catch((error) => ({ data: [], error }));
  const others = list.data.filter((/** @type {Video} */ one) => one.id !== video.id);
  if (otherId && !others.some((/** @type {Video} */ one) => one.id === otherId)) {
    const other = await api.videos.get(otherId).catch(() => null);
    if (other?.state === "completed") others.unshift(other);
  }
  if (!others.length) {
    const text = "error" in list ? explain(list.error).message : t("done.compare_none");
    openDialog(t("done.compare_title"), [el("p", { text })]);
    return;
  }
  side(video, others, otherId);
}

/** @param {Video} video @param {Video[]} others @param {string} [otherId] */
function side(video, others, otherId) {
  const left = half(video);
  const place = el("div", { class: "half" });
  const same = others.find((one) => one.input.name === video.input.name && one.request.image === video.request.image);
  let second = others.find((one) => one.id === otherId) ?? same ?? others[0];
  let right = half(second);

  const together = async () => {
    await Promise.all([left.player.ready, right.player.ready]);
    left.player.restart();
    right.player.restart();
  };
  const menu = el("select", { class: "input", "aria-label": t("done.compare_with") },
    others.map((one) => el("option", { value: one.id, text: `${visible(one.prompt) || t("done.no_prompt")} · ${ago(one.created_at)}`, selected: one === second })));
  menu.addEventListener("change", () => {
    second = others.find((one) => one.id === menu.value) ?? second;
    right.player.stop();
    right = half(second);
    clear(place, right.node);
    void together();
  });
  clear(place, right.node);
  openDialog(t("done.compare_title"), [
    el("div", { class: "compare" },
      el("div", { class: "half" }, el("p", { class: "name", dir: "auto", text: visible(video.prompt) || t("done.no_prompt") }), left.node),
      el("div", { class: "half" }, menu, place)),
  ], {
    wide: true,
    actions: [button(t("done.together"), () => void together(), { icon: "play" })],
    closed: () => {
      left.player.stop();
      right.player.stop();
    },
  });
  void together();
}

/** @param {Video} video */
function half(video) {
  const made = player(video, { autoplay: false, bare: true });
  const seed = t("done.seed", { seed: String(video.seed) });
  return {
    player: made,
    node: el("figure", null,
      el("div", { class: "stage small-stage" }, made.node),
      el("figcaption", { class: "small muted" }, el("span", { text: sentence(video) }), el("span", { text: factsOf(video) }), el("span", { text: seed }))),
  };
}
