// Deleting with a way back: gone at once, and for some seconds one button restores all of it. What is still being
// made goes on until then: deleting it would stop it, and no undo brings that back.
import { ApiError, urls, videos } from "./api.js";
import { announce, toast } from "./dialog.js";
import { explain } from "./errors.js";
import { isFinal } from "./events.js";
import { t } from "./i18n.js";
import { nameOf } from "./library_tile.js";
import * as state from "./state.js";

/** How long the way back is offered, in s. */
const OFFERED_S = 10;

/**
 * @param {{drop: (id: string) => () => void, refresh: () => unknown}} list
 */
export function deleter(list) {
  /** What the bar on the screen would bring back. @type {{video: any, back: () => void}[]} */
  let recent = [];
  let endBar = () => {};
  /** Still being made, and deleted once the way back is closed. @type {Set<any>} */
  const waiting = new Set();

  const offer = () => {
    endBar();
    const kept = recent;
    const text = kept.length === 1 ? t("library.deleted", { name: short(nameOf(kept[0].video)) }) : t("library.deleted_n", { n: kept.length });
    endBar = toast(text, {
      label: t("app.undo"),
      seconds: OFFERED_S,
      run: () => void restore(kept),
      closed: () => {
        if (recent !== kept) return;
        recent = [];
        queueMicrotask(() => void removeWaiting()); // after the undo, where that is what closed it
      },
    });
    announce(text);
  };

  /** @param {{video: any, back: () => void}[]} these */
  const restore = async (these) => {
    const running = these.filter((one) => waiting.has(one.video));
    for (const one of [...running, ...these.filter((each) => !running.includes(each))]) {
      try {
        if (waiting.delete(one.video)) state.know(one.video);
        else state.know(await videos.restore(one.video.id));
        one.back();
      } catch (problem) {
        complain(problem);
      }
    }
    announce(t("library.restored"));
    list.refresh();
  };

  const removeWaiting = async () => {
    const all = [...waiting];
    waiting.clear();
    for (const video of all) await videos.remove(video.id).catch((problem) => problem.status === 404 || complain(problem));
  };
  window.addEventListener("pagehide", () => {
    for (const video of waiting) void fetch(urls.video(video.id), { method: "DELETE", keepalive: true });
    waiting.clear();
  });

  /** @param {any} video */
  return async (video) => {
    const back = list.drop(video.id);
    forget(video.id);
    try {
      if (isFinal(video)) await videos.remove(video.id);
      else waiting.add(video);
      recent = [...recent, { video, back }];
      offer();
    } catch (problem) {
      if (problem instanceof ApiError && problem.status === 404) return;
      back();
      complain(problem);
    }
  };
}

/** No other view shows it either. @param {string} id */
function forget(id) {
  const jobs = state.get("jobs");
  if (jobs.delete(id)) state.set("jobs", jobs);
}

/** @param {unknown} problem */
export function complain(problem) {
  const said = explain(problem);
  toast(`${said.message} ${said.hint}`.trim(), { seconds: 10 });
  announce(said.message);
}

/** @param {string} text */
function short(text) {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
