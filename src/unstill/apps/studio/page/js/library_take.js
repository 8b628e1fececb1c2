// A video that unstill made, given back: its settings, and the picture it was made from.
import { ApiError, inspect, urls, videos } from "./api.js";
import { t } from "./i18n.js";
import * as state from "./state.js";

/** How long a browser may take to show the first frame, in ms. */
const PATIENCE_MS = 8000;

/**
 * @typedef {{blob: Blob, name: string}} Picture
 * @typedef {{settings: Record<string, any>, picture: Picture | null, from: "library" | "frame" | "none",
 *   last: (Picture & {of: string}) | null, id: string, name: string, lost: string}} Incoming
 *   settings: by the names of the API. from: where the picture is from: the library has it still, it is the
 *   clip's first frame, or there is none to be had. last: the one for the last frame, of the video named. lost: what to say of settings that cannot come back, if any do not.
 */

/**
 * Read the settings in a video file and give them to the composer, as `incoming` in the state.
 * @param {File} file
 * @returns {Promise<Incoming>}
 * @throws {ApiError} where it is no video of ours
 */
export async function takeVideo(file) {
  const { settings } = await inspect(file);
  const name = settings.picture || file.name;
  const kept = await keptPicture(settings.id, name);
  const picture = kept ?? (await firstFrame(file, name));
  return give({
    settings: asked(settings.request ?? {}, settings.model),
    picture,
    last: settings.last_picture ? await keptLast(settings.id, settings.last_picture) : null,
    from: kept ? "library" : picture ? "frame" : "none",
    id: settings.id ?? "",
    name: file.name,
    lost: await lostOf(settings),
  });
}

/**
 * Give the settings and the picture of a video in the library to the composer.
 * @param {any} video
 * @returns {Promise<Incoming>}
 */
export async function takeFromLibrary(video) {
  const picture = await keptPicture(video.id, video.input.name);
  return give({
    settings: asked(video.request, video.model),
    picture,
    last: video.last_input ? await keptLast(video.id, video.last_input.name) : null,
    from: picture ? "library" : "none",
    id: video.id,
    name: video.prompt,
    lost: "",
  });
}

/** @param {any} settings as they stand in the file */
async function lostOf(settings) {
  if (settings.prompt_left_out === true) return t("create.prompt_left_out");
  const cards = settings.model ? await modelsTold() : [];
  const knows = !cards.length || cards.some((/** @type {any} */ one) => one.id === settings.model);
  if (!knows) return t("create.model_unknown", { model: String(settings.model).slice(0, 60) });
  return settings.unusable?.length ? t("create.settings_damaged") : "";
}

/**
 * The server's models, once it has told of them; none where it takes too long.
 * @returns {Promise<any[]>}
 */
async function modelsTold() {
  const known = state.get("models");
  if (known?.length) return known;
  return new Promise((resolve) => {
    const late = setTimeout(() => done([]), PATIENCE_MS);
    const stop = state.on("models", (/** @type {any[]} */ cards) => cards?.length && done(cards));
    /** @param {any[]} cards */
    function done(cards) {
      clearTimeout(late);
      stop?.();
      resolve(cards);
    }
  });
}

/** @param {Incoming} incoming */
function give(incoming) {
  state.set("incoming", incoming);
  return incoming;
}

/** What the composer takes. @param {Record<string, any>} request @param {string} model */
function asked({ image: _, ...request }, model) {
  return { ...request, model: request.model ?? model };
}

/** The picture for its last frame, likewise. @param {string | undefined} id @param {string} name */
async function keptLast(id, name) {
  const picture = await keptPicture(id, name, "last");
  return picture && { ...picture, of: id ?? "" };
}

/**
 * The picture that the library keeps of a video.
 * @param {string | undefined} id @param {string} name @param {"first" | "last"} [which]
 */
async function keptPicture(id, name, which = "first") {
  if (!id) return null;
  try {
    await videos.get(id);
    const answer = await fetch(urls.input(id, which));
    return answer.ok ? { blob: await answer.blob(), name: pngName(name) } : null;
  } catch (error) {
    if (error instanceof ApiError && error.status !== 404 && error.status !== 400) throw error;
    return null;
  }
}

/** The first frame of a clip, as far as this browser can read it. @param {File} file @param {string} name */
async function firstFrame(file, name) {
  const canvas = document.createElement("canvas");
  const drawn = file.type.startsWith("image/") ? await drawImage(file, canvas) : await drawVideo(file, canvas);
  if (!drawn) return null;
  /** @type {Blob | null} */
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  return blob && { blob, name: pngName(name) };
}

/** @param {File} file @param {HTMLCanvasElement} canvas */
async function drawImage(file, canvas) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return false;
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return true;
}

/** @param {File} file @param {HTMLCanvasElement} canvas */
async function drawVideo(file, canvas) {
  const video = document.createElement("video");
  const url = URL.createObjectURL(file);
  Object.assign(video, { muted: true, preload: "auto", playsInline: true });
  try {
    const shown = new Promise((done, fail) => {
      video.addEventListener("seeked", done, { once: true });
      video.addEventListener("error", fail, { once: true });
      window.setTimeout(fail, PATIENCE_MS);
    });
    video.addEventListener("loadeddata", () => (video.currentTime = 0.001), { once: true });
    video.src = url;
    await shown;
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    return true;
  } catch {
    return false;
  } finally {
    video.removeAttribute("src");
    video.load(); // or it goes on reading an address that is no more
    URL.revokeObjectURL(url);
  }
}

/** @param {string} name */
function pngName(name) {
  return `${name.replace(/\.[A-Za-z0-9]{1,5}$/, "") || "picture"}.png`;
}
