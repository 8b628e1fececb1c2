// The picture in the composer: taken from a file, the clipboard, an example or an earlier video.
import { call, urls } from "../api.js";
import { toast } from "../dialog.js";
import { explain } from "../errors.js";
import { size, t } from "../i18n.js";
import { takeFromLibrary, takeVideo } from "../library_take.js";
import * as state from "../state.js";
import { card } from "./asked.js";

/** @typedef {import("../types.js").Picture} Picture */

/** The pictures that come with unstill, and what a model with imagination may make of them. */
const LIVELY = {
  rocket: "the rocket lifts off in a cloud of smoke",
  coffee: "steam rises from the cup",
  astronaut: "the woman smiles and turns her head",
};
/** @typedef {keyof typeof LIVELY} Example */
export const EXAMPLES = /** @type {Example[]} */ (Object.keys(LIVELY));

/** A prompt for one of them that the chosen model understands. @param {Example} name */
export function examplePrompt(name) {
  return card()?.generative ? LIVELY[name] : t(`create.example_${name}_prompt`);
}

const LIMIT = 20 * 2 ** 20;
const SETTINGS = new Set([
  "prompt", "negative_prompt", "model", "size", "fit", "num_frames", "fps", "num_inference_steps", "guidance_scale", "seed",
  "loop", "interpolate", "upscale", "format", "background", "visible_label", "options",
]);
const VIDEO = /\.(mp4|webm|m4v|mov)$/i;
/** What the server may know and a browser may not. */
const UNSEEN = /\.(heic|heif)$/i;

/** The most bytes a picture may have. */
export function limit() {
  return state.get("system")?.limits?.picture_bytes ?? LIMIT;
}

/**
 * Put a picture into the composer.
 * @param {Blob} blob
 * @param {string} name
 * @param {{quiet?: boolean, made?: Set<string>, of?: string, wanted?: () => boolean}} [about] as in the Picture;
 *   wanted: whether it still is, once its size is known
 * @returns {Promise<boolean>}
 */
export async function usePicture(blob, name, { quiet = false, made = new Set(), of = "", wanted = () => true } = {}) {
  const picture = await looked(blob, name, of, wanted);
  if (picture) put({ ...picture, quiet, made });
  return picture !== null;
}

/**
 * A picture with its size and address; null where it cannot be used, and why is said.
 * @param {Blob} blob @param {string} name @param {string} [of] @param {() => boolean} [wanted]
 * @returns {Promise<Picture | null>}
 */
export async function looked(blob, name, of = "", wanted = () => true) {
  if (!of && blob.size > limit()) {
    refuse(t("create.too_heavy", { name, size: size(blob.size), limit: size(limit()) }));
    return null;
  }
  const url = URL.createObjectURL(blob);
  const seen = await measure(url);
  if (!wanted()) {
    URL.revokeObjectURL(url);
    return null;
  }
  if (!seen && !UNSEEN.test(name)) {
    URL.revokeObjectURL(url);
    refuse(t("create.not_a_picture", { name }));
    return null;
  }
  const wrong = of ? "" : sizeTrouble(seen);
  if (wrong) {
    URL.revokeObjectURL(url);
    refuse(t(wrong, { name, width: String(seen?.width), height: String(seen?.height), ...sides() }));
    return null;
  }
  return { blob, name, url, quiet: false, made: new Set(), of, ...(seen ?? { width: 0, height: 0 }) };
}

/** What the server takes: sides in pixels, and megapixels. */
function sides() {
  const { picture_sides: [low, high] = [16, 8192], picture_pixels: pixels = 4e7 } = state.get("system")?.limits ?? {};
  return { low: String(low), high: String(high), most: String(Math.round(pixels / 1e6)), pixels };
}

/** The words for a picture of a size that the server would refuse. @param {{width: number, height: number} | null} seen */
function sizeTrouble(seen) {
  if (!seen) return "";
  const { low, high, pixels } = sides();
  if (Math.min(seen.width, seen.height) < Number(low)) return "create.too_small";
  return Math.max(seen.width, seen.height) > Number(high) || seen.width * seen.height > pixels ? "create.too_large" : "";
}

/** It stays below the button until another picture comes; elsewhere on the page it passes by. @param {string} why */
function refuse(why) {
  if (state.heard("refusal")) state.set("refusal", why);
  else toast(why, { seconds: 8 });
}

/** @param {Picture | null} picture */
function put(picture) {
  const before = state.get("picture");
  state.set("picture", picture);
  // Views let go of the old address first: it is drawn until they have changed over.
  if (before) setTimeout(() => URL.revokeObjectURL(before.url), 2000);
}

export function takeOff() {
  put(null);
}

/** A video is coming to the stage, and its picture with it: there is no use in planning for another one. */
export function awaitShape() {
  state.set("shape", { width: 0, height: 0 });
}

/** No video on the stage lends its picture any more. */
export function forgetShape() {
  adopting = null;
  if (state.get("shape")) state.set("shape", null);
}

/** Width and height as people see them, turned the right way up. @param {string} url */
async function measure(url) {
  const picture = new Image();
  picture.src = url;
  try {
    await picture.decode();
    return { width: picture.naturalWidth, height: picture.naturalHeight };
  } catch {
    return null;
  }
}

/** A file that was dropped, pasted or chosen: a picture, or a video of ours. @param {File} file */
export async function useFile(file) {
  if (file.type.startsWith("video/") || VIDEO.test(file.name)) return useVideo(file);
  return usePicture(file, file.name || "picture.png");
}

/** @param {File} file */
async function useVideo(file) {
  const end = toast(t("create.reading"), { seconds: 60 });
  try {
    await takeVideo(file);
    return await useIncoming();
  } catch (error) {
    const said = explain(error);
    toast(`${said.message} ${said.hint}`, { seconds: 10 });
    return false;
  } finally {
    end();
  }
}

/** What another view has given to the composer: settings, and a picture where there is one. */
export async function useIncoming() {
  const incoming = state.get("incoming");
  if (!incoming) return false;
  state.set("incoming", null);
  state.set("settings", own(incoming.settings));
  const made = new Set(incoming.id ? [incoming.id] : []);
  const of = incoming.from === "library" ? incoming.id ?? "" : "";
  const { last } = incoming;
  state.set("last", last ? await looked(last.blob, last.name, last.of) : null);
  const came = incoming.picture ? await usePicture(incoming.picture.blob, incoming.picture.name, { made, of }) : false;
  const where = { library: "create.picture_back", frame: "create.picture_frame" };
  const key = came ? where[/** @type {"library" | "frame"} */ (incoming.from)] : undefined;
  toast([t("create.settings_back"), key && t(key), incoming.lost].filter(Boolean).join(" "), { seconds: incoming.lost ? 12 : 6 });
  return true;
}

/** The settings and the picture of a video that is here. @param {any} video */
export async function useVideoOf(video) {
  await takeFromLibrary(video);
  return useIncoming();
}

/** @type {{id: string, done: Promise<void>} | null} */
let adopting = null;

/**
 * The picture of the video on the stage, where the composer has none: its size at once, itself when it is here.
 * @param {import("../types.js").Video} video
 */
export function adopt(video) {
  if (state.get("picture")) return;
  const { id, input } = video;
  const { width, height } = state.get("shape") ?? {};
  if (width !== input.width || height !== input.height) state.set("shape", { width: input.width, height: input.height });
  if (adopting?.id === id) return;
  const mine = { id, done: Promise.resolve() };
  adopting = mine;
  mine.done = fetchInput(id, input.name).finally(() => {
    if (adopting === mine) adopting = null; // one that did not come is asked for again
  });
}

/** What is being fetched, if anything. @returns {Promise<void>} */
export const adopted = () => adopting?.done ?? Promise.resolve();

/** @param {string} id @param {string} name */
async function fetchInput(id, name) {
  const blob = await call("GET", urls.input(id)).catch(() => null);
  if (!blob || adopting?.id !== id) return;
  await usePicture(blob, name || "picture.png", { quiet: true, made: new Set([id]), of: id, wanted: () => adopting?.id === id && !state.get("picture") });
}

/** Only settings, and of these what differs from the model's own. @param {Record<string, any>} all */
export function own(all) {
  const given = Object.fromEntries(Object.entries(all).filter(([name]) => SETTINGS.has(name)));
  if (typeof given.prompt === "string") given.prompt = given.prompt.replaceAll("\0", "");
  const cards = state.get("models") ?? [];
  const card = cards.find((/** @type {any} */ one) => one.id === given.model);
  if (cards.length && !card) delete given.model;
  const same = (/** @type {string} */ name, /** @type {unknown} */ value) => card && card.native[name] === value;
  const kept = Object.entries(given).filter(([name, value]) => value !== null && !same(name, value));
  const next = Object.fromEntries(kept);
  if (card?.default) delete next.model;
  if (next.format === "mp4") delete next.format;
  for (const name of ["upscale", "interpolate"]) if (next[name] === 1) delete next[name];
  if (next.options) {
    const options = Object.entries(next.options).filter(([name, value]) => card?.options[name]?.default !== value);
    next.options = options.length ? Object.fromEntries(options) : undefined;
  }
  for (const name of ["loop", "visible_label", "negative_prompt", "background"]) if (!next[name]) delete next[name];
  return next;
}

/** Take one of them, and its prompt. @param {Example} name */
export async function useExample(name) {
  const answer = await fetch(`/assets/examples/${name}.jpg`).catch(() => null);
  if (!answer?.ok) {
    toast(t("error.offline"));
    return;
  }
  if (!(await usePicture(await answer.blob(), `${name}.jpg`))) return;
  state.setSettings({ prompt: examplePrompt(name) });
}

/**
 * Take files that are dropped anywhere on the page, or pasted.
 * @param {(over: boolean) => void} hovering
 * @param {(file: File) => void} taken
 * @returns {() => void}
 */
export function takeFiles(hovering, taken) {
  const stop = new AbortController();
  const listening = { signal: stop.signal };
  let depth = 0;
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  /** @param {number} to */
  const hover = (to) => {
    depth = Math.max(0, to);
    hovering(depth > 0);
  };
  document.addEventListener("dragenter", (event) => hasFiles(event) && hover(depth + 1), listening);
  document.addEventListener("dragleave", (event) => hasFiles(event) && hover(depth - 1), listening);
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault(), listening);
  document.addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    hover(0);
    if (!file || event.defaultPrevented) return; // the place under it has taken it
    event.preventDefault();
    taken(file);
  }, listening);
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (!file) return;
    event.preventDefault();
    taken(file);
  }, listening);
  return () => stop.abort();
}

/** Ask the person for a file: a picture, or a video of ours. */
export function choose() {
  ask(",video/mp4,video/webm", (file) => void useFile(file));
}

/** @param {string} besides kinds that are taken, beside pictures @param {(file: File) => void} taken */
export function ask(besides, taken) {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = `image/jpeg,image/png,image/webp,image/heic,image/heif,.heic,.heif${besides}`;
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) taken(file);
  });
  input.click();
}
