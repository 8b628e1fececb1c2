// Deleting with a way back: gone at once, and for some seconds one button restores all of it.
import { ApiError, videos } from "./api.js";
import { announce, toast } from "./dialog.js";
import { explain } from "./errors.js";
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

  const offer = () => {
    endBar();
    const kept = recent;
    const text = kept.length === 1 ? t("library.deleted", { name: short(nameOf(kept[0].video)) }) : t("library.deleted_n", { n: kept.length });
    endBar = toast(text, {
      label: t("app.undo"),
      seconds: OFFERED_S,
      run: () => void restore(kept),
      closed: () => {
        if (recent === kept) recent = [];
      },
    });
    announce(text);
  };

  /** @param {{video: any, back: () => void}[]} these */
  const restore = async (these) => {
    for (const one of these) {
      try {
        state.know(await videos.restore(one.video.id));
        one.back();
      } catch (problem) {
        complain(problem);
      }
    }
    announce(t("library.restored"));
    list.refresh();
  };

  /** @param {any} video */
  return async (video) => {
    const back = list.drop(video.id);
    forget(video.id);
    try {
      await videos.remove(video.id);
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
