// The videos that the library shows: loaded a page at a time, and kept up to date by asking again.
import { videos } from "./api.js";
import { isFinal } from "./events.js";

/** Videos a page; the time between looks while something is being made and while nothing is, in ms. */
const PAGE = 30;
const BUSY_MS = 2000;
const IDLE_MS = 6000;

/**
 * @typedef {{text: string, state: string[], model: string}} Query
 * @typedef {{items: any[], more: boolean, loading: boolean, error: Error | null}} View
 */

/**
 * @param {(view: View) => void} changed told of every change
 */
export function videoList(changed) {
  /** @type {any[]} */
  let items = [];
  /** @type {Query} */
  let query = { text: "", state: [], model: "" };
  let more = false;
  let loading = false;
  /** @type {Error | null} */
  let error = null;
  let timer = 0;
  let over = false;
  let abort = new AbortController();
  /** Deleted here: an answer that was on its way meanwhile may still have them. @type {Set<string>} */
  const hidden = new Set();

  const tell = () => changed({ items, more, loading, error });
  /** Without those deleted here; the step is known from the stream alone. @param {any[]} found */
  const seen = (found) => {
    const before = new Map(items.map((video) => [video.id, video]));
    return found.filter((video) => !hidden.has(video.id)).map((video) => {
      const { stage, step, total } = before.get(video.id) ?? {};
      return stage && stage === video.stage ? { ...video, step, total } : video;
    });
  };

  /** @param {{after?: string}} [from] */
  const ask = async (from = {}) => {
    const signal = abort.signal;
    const page = await videos.list({ limit: PAGE, ...query, ...from }, signal);
    return signal.aborted || over ? null : page;
  };

  /** @param {() => Promise<void>} work */
  const guarded = async (work) => {
    try {
      await work();
      error = null;
    } catch (problem) {
      if (over || (problem instanceof DOMException && problem.name === "AbortError")) return;
      error = /** @type {Error} */ (problem);
    }
    loading = false;
    tell();
    plan();
  };

  const plan = () => {
    clearTimeout(timer);
    if (over) return;
    const busy = items.some((video) => !isFinal(video));
    timer = window.setTimeout(() => void refresh(), busy ? BUSY_MS : IDLE_MS);
  };

  /** Ask anew from the first page on. @param {Query} next */
  const reload = (next) => {
    abort.abort();
    abort = new AbortController();
    query = next;
    loading = true;
    tell();
    return guarded(async () => {
      const page = await ask();
      if (page) [items, more] = [seen(page.data), page.has_more];
    });
  };

  /** The next page. */
  const next = async () => {
    if (loading || !more || items.length === 0) return;
    loading = true;
    tell();
    await guarded(async () => {
      const page = await ask({ after: items[items.length - 1].id });
      if (!page) return;
      const known = new Set(items.map((video) => video.id));
      items = [...items, ...seen(page.data).filter((video) => !known.has(video.id))];
      more = page.has_more;
    });
  };

  /** Look again at the newest: others may have been added, changed or deleted elsewhere. */
  const refresh = async () => {
    if (document.hidden || loading) return plan();
    await guarded(async () => {
      const page = await ask();
      if (page) merge(page);
    });
  };

  /** @param {{data: any[], has_more: boolean, last_id: string | null}} page */
  const merge = (page) => {
    const last = items.findIndex((video) => video.id === page.last_id);
    const head = seen(page.data);
    if (!page.has_more || last < 0) {
      [items, more] = [head, page.has_more];
      return;
    }
    const known = new Set(head.map((video) => video.id));
    items = [...head, ...items.slice(last + 1).filter((video) => !known.has(video.id))];
  };

  /** Show a video as it is now. @param {any} video */
  const patch = (video) => {
    items = items.map((one) => (one.id === video.id ? { ...one, ...video } : one));
    tell();
  };

  /** Take a video out; `put` gives its place back. @param {string} id @returns {() => void} */
  const drop = (id) => {
    const place = items.findIndex((video) => video.id === id);
    const video = items[place];
    hidden.add(id);
    items = items.filter((one) => one.id !== id);
    tell();
    return () => {
      hidden.delete(id);
      if (video && !items.some((one) => one.id === id)) items = [...items.slice(0, place), video, ...items.slice(place)];
      tell();
    };
  };

  const woken = () => {
    if (!document.hidden) void refresh();
  };
  document.addEventListener("visibilitychange", woken);

  const stop = () => {
    over = true;
    abort.abort();
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", woken);
  };
  return { reload, next, refresh, patch, drop, stop, items: () => items };
}
