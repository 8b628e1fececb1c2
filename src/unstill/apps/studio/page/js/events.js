// News of one video: server-sent events, and asking again and again where those do not come through.
import { ApiError, urls, videos } from "./api.js";
import { told } from "./script.js";

/** How long to wait between questions, and after the stream broke off, in ms. */
const ASK_MS = 1500;
const AGAIN_MS = 1000;
const LATEST_MS = 8000;
/** A stream that breaks off so many times before a word came is given up for asking. */
const TRIES = 3;

/**
 * @typedef {{progress?: (told: any) => void, state?: (video: any) => void, preview?: (url: string) => void,
 *   gone?: (error: ApiError) => void, lost?: () => void}} Heard
 *   progress: {stage, step, total, progress, eta_s}. state: the video, in the page's language; its state is
 *   final at the end, and nothing comes after. preview: a data URL. gone: the video is no more, or is not
 *   ours to see; nothing comes after. lost: no connection at the moment; it is tried again.
 */

/**
 * Watch a video until it is settled.
 * @param {string} id
 * @param {Heard} heard
 * @returns {() => void} stops it
 */
export function watch(id, heard) {
  /** @type {EventSource | null} */
  let stream = null;
  let timer = 0;
  let failures = 0;
  let over = false;
  const abort = new AbortController();

  const stop = () => {
    over = true;
    stream?.close();
    abort.abort();
    clearTimeout(timer);
  };

  // The stream speaks the browser's language and not the page's, so its words are asked for again.
  const look = async () => {
    try {
      const video = await videos.get(id, abort.signal);
      if (over) return false;
      failures = 0;
      if (isFinal(video)) stop();
      heard.state?.(video);
      return true;
    } catch (error) {
      if (over || !(error instanceof ApiError)) return false;
      if (error.status === 404 || error.status === 401 || error.status === 403) {
        stop();
        heard.gone?.(error);
        return false;
      }
      heard.lost?.();
      return false;
    }
  };

  /** @param {() => void} next @param {number} [wait] */
  const later = (next, wait = Math.min(LATEST_MS, AGAIN_MS * 2 ** failures)) => {
    clearTimeout(timer);
    if (!over) timer = window.setTimeout(next, wait);
  };

  const ask = async () => {
    const answered = await look();
    if (!answered) failures += 1;
    if (answered && stream === null && failures < TRIES) later(open, 0);
    else later(ask, answered ? ASK_MS : undefined);
  };

  const open = () => {
    if (over) return;
    const source = new EventSource(urls.events(id));
    stream = source;
    on(source, "progress", (told) => {
      failures = 0;
      heard.progress?.(told);
    });
    on(source, "preview", (told) => heard.preview?.(told.preview));
    on(source, "state", () => void look());
    on(source, "done", () => {
      source.close();
      stream = null;
      later(ask, 0);
    });
    source.onerror = () => {
      source.close();
      if (stream === source) stream = null;
      failures += 1;
      later(ask);
    };
  };

  open();
  return stop;
}

/**
 * @param {EventSource} source
 * @param {string} name
 * @param {(told: any) => void} run
 */
function on(source, name, run) {
  source.addEventListener(name, (event) => run(told(JSON.parse(/** @type {MessageEvent} */ (event).data))));
}

/** Whether nothing more happens to a video. @param {{state: string}} video */
export function isFinal(video) {
  return video.state === "completed" || video.state === "failed" || video.state === "cancelled";
}
