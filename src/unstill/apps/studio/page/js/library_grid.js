// The posters in justified rows, one tile a video, changed in place so that focus and playback stay.
import { el } from "./dom.js";
import { tile } from "./library_tile.js";

/**
 * @param {import("./library_tile.js").Acts} acts
 * @param {string} label
 */
export function grid(acts, label) {
  const node = el("ul", { class: "posters", role: "list", "aria-label": label });
  /** @type {Map<string, import("./library_tile.js").Tile>} */
  const tiles = new Map();

  /** @param {any[]} videos */
  const show = (videos) => {
    const wanted = new Set(videos.map((video) => video.id));
    for (const [id, old] of tiles) {
      if (wanted.has(id)) continue;
      old.stop();
      old.node.remove();
      tiles.delete(id);
    }
    let place = node.firstElementChild;
    for (const video of videos) {
      const known = tiles.get(video.id) ?? tile(video, acts);
      if (tiles.has(video.id)) known.update(video);
      tiles.set(video.id, known);
      if (known.node === place) place = place.nextElementSibling;
      else node.insertBefore(known.node, place);
    }
  };

  const ids = () => /** @type {HTMLElement[]} */ ([...node.children]).map((one) => one.dataset.id ?? "");
  /** The video that has the focus. */
  const current = () => {
    const holder = document.activeElement?.closest(".tile");
    return holder instanceof HTMLElement && node.contains(holder) ? (holder.dataset.id ?? null) : null;
  };
  /** Move the focus by so many videos; true where there was one to go to. @param {number} by */
  const step = (by) => {
    const all = ids();
    const here = current();
    const to = here === null ? 0 : all.indexOf(here) + by;
    if (to < 0 || to >= all.length) return false;
    focus(all[to]);
    return true;
  };
  /** @param {string} id */
  const focus = (id) => {
    const found = tiles.get(id);
    found?.focus();
    found?.node.scrollIntoView({ block: "nearest" });
  };
  /** The one to focus when `id` goes. @param {string} id */
  const beside = (id) => {
    const all = ids();
    const place = all.indexOf(id);
    return all[place + 1] ?? all[place - 1] ?? null;
  };
  const stop = () => {
    for (const one of tiles.values()) one.stop();
  };
  return { node, show, current, step, focus, beside, stop, get: (/** @type {string} */ id) => tiles.get(id) };
}
