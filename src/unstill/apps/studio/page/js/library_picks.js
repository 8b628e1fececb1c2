// Two videos picked to be seen side by side.
import { button, clear, el, icon } from "./dom.js";
import { t } from "./i18n.js";

/**
 * @param {(id: string, on: boolean) => void} shown told how a poster should look
 */
export function picks(shown) {
  /** @type {string[]} */
  let picked = [];
  const node = el("div", { class: "picks", role: "status", hidden: true });

  const draw = () => {
    node.hidden = picked.length === 0;
    const both = picked.length === 2;
    clear(
      node,
      el("p", { text: t(both ? "library.two_picked" : "library.one_picked") }),
      both &&
        el("a", { class: "button primary", href: `#/compare/${picked.map(encodeURIComponent).join("/")}` },
          icon("compare"), el("span", { text: t("done.compare") })),
      button(t("library.unpick"), clearAll, { kind: "quiet" }),
    );
  };

  /** A third one takes the place of the first. @param {any} video @param {boolean} on */
  const set = (video, on) => {
    const next = picked.filter((id) => id !== video.id);
    if (on) next.push(video.id);
    while (next.length > 2) shown(/** @type {string} */ (next.shift()), false);
    picked = next;
    shown(video.id, on);
    draw();
  };
  /** @param {any} video */
  const toggle = (video) => {
    if (video?.state !== "completed") return false;
    set(video, !picked.includes(video.id));
    return true;
  };
  const clearAll = () => {
    if (picked.length === 0) return false;
    for (const id of picked) shown(id, false);
    picked = [];
    draw();
    return true;
  };
  /** Forget those that are gone. @param {any[]} videos */
  const keep = (videos) => {
    const here = picked.filter((id) => videos.some((video) => video.id === id));
    if (here.length === picked.length) return;
    picked = here;
    draw();
  };
  return { node, set, toggle, keep, clear: clearAll };
}
