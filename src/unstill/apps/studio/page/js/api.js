// The HTTP API, and nothing else: every request that the page makes is one of these.
import { language } from "./i18n.js";
import { told } from "./script.js";
import { upload } from "./upload.js";

/**
 * @typedef {{json?: unknown, form?: FormData, query?: Record<string, unknown>, signal?: AbortSignal,
 *   headers?: Record<string, string>, progress?: (share: number) => void}} Sent progress: of a form on its way, 0 to 1
 */

/** What a request came to, in words. `status` is 0 and `code` "offline" where the server did not answer. */
export class ApiError extends Error {
  /** @param {{message?: string, hint?: string | null, code?: string, param?: string | null, incident?: string}} told
   *  @param {number} status
   *  @param {number} [retryAfterS] */
  constructor(told, status, retryAfterS = 0) {
    super(told.message ?? "");
    this.name = "ApiError";
    this.hint = told.hint ?? "";
    this.code = told.code ?? "unexpected";
    this.param = told.param ?? null;
    this.status = status;
    this.retryAfterS = retryAfterS;
    this.incident = told.incident ?? incidentIn(`${this.message} ${this.hint}`);
  }
}

/** @param {string} text */
function incidentIn(text) {
  return /\b[0-9a-f]{8}\b/.exec(text)?.[0] ?? null;
}

/** @type {Set<(error: ApiError) => void>} */
const listeners = new Set();

/**
 * Be told of every failed request: the page shows that the server is gone, or asks for a key.
 * @param {(error: ApiError) => void} listener
 * @returns {() => void}
 */
export function onFailure(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * One request; its answer, read: JSON, or a Blob for any other type.
 * @param {string} method
 * @param {string} path
 * @param {Sent} [sent]
 * @returns {Promise<any>}
 * @throws {ApiError} and a DOMException named AbortError where `signal` ended it
 */
export async function call(method, path, sent = {}) {
  const { json, form, query, signal, headers = {}, progress } = sent;
  const body = form ?? (json === undefined ? undefined : JSON.stringify(json));
  /** @type {Record<string, string>} */
  const all = { "Accept-Language": language(), ...headers };
  if (json !== undefined) all["Content-Type"] = "application/json";
  try {
    const answer = form && progress
      ? await upload(path, form, all, progress, signal)
      : await fetch(path + queryOf(query), { method, body, signal, headers: all, cache: "no-cache" });
    return await read(answer);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    const known = error instanceof ApiError ? error : new ApiError({ code: "offline" }, 0);
    for (const listener of listeners) listener(known);
    throw known;
  }
}

/** @param {Record<string, unknown>} [query] */
function queryOf(query) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") pairs.append(name, String(one));
    }
  }
  const text = pairs.toString();
  return text ? `?${text}` : "";
}

/** @param {Response} answer */
async function read(answer) {
  const isJson = (answer.headers.get("content-type") ?? "").includes("json");
  if (answer.ok) return isJson ? told(await answer.json()) : answer.blob();
  const wrong = isJson ? told(await answer.json().catch(() => ({}))) : {};
  throw new ApiError(wrong.error ?? {}, answer.status, Number(answer.headers.get("retry-after")) || 0);
}

/** @param {string} id */
const at = (id) => `/v1/videos/${encodeURIComponent(id)}`;
/** @param {string} id */
const model = (id) => `/v1/models/${encodeURIComponent(id)}`;

/** Addresses for src and href. */
export const urls = {
  video: at,
  /** @param {string} id @param {"video" | "thumbnail" | "spritesheet"} [variant] */
  content: (id, variant = "video") => `${at(id)}/content${variant === "video" ? "" : `?variant=${variant}`}`,
  /** @param {string} id @param {"first" | "last"} [which] */
  input: (id, which = "first") => `${at(id)}/input${which === "last" ? "?which=last" : ""}`,
  /** @param {string} id */
  events: (id) => `${at(id)}/events`,
  /** @param {string} id */
  pullEvents: (id) => `${model(id)}/pull/events`,
};

export const videos = {
  /** @param {{after?: string, limit?: number, state?: string | string[], text?: string, model?: string}} [by]
   *  @param {AbortSignal} [signal] */
  list: ({ text, ...by } = {}, signal) => call("GET", "/v1/videos", { query: { ...by, q: text }, signal }),
  /** @param {string} id @param {AbortSignal} [signal] */
  get: (id, signal) => call("GET", at(id), { signal }),
  /** @param {FormData} form @param {string} key @param {(share: number) => void} progress @param {AbortSignal} signal */
  create: (form, key, progress, signal) =>
    call("POST", "/v1/videos", { form, headers: { "Idempotency-Key": key }, progress, signal }),
  /** @param {string} id */
  cancel: (id) => call("POST", `${at(id)}/cancel`),
  /** @param {string} id */
  remove: (id) => call("DELETE", at(id)),
  /** @param {string} id */
  restore: (id) => call("POST", `${at(id)}/restore`),
  /** @param {string} id @param {Record<string, unknown>} fields */
  remix: (id, fields) => call("POST", `${at(id)}/remix`, { json: fields }),
  /** @param {string} id @param {Record<string, unknown>} fields */
  extend: (id, fields) => call("POST", "/v1/videos/extensions", { json: { ...fields, video: { id } } }),
};

export const prompts = {
  /** @param {string} prompt @param {string} model that it is for */
  translate: (prompt, model) => call("POST", "/v1/prompts/translate", { json: { prompt, model } }),
  /** @param {string} prompt @param {string} model that it is for */
  rewrite: (prompt, model) => call("POST", "/v1/prompts/rewrite", { json: { prompt, model } }),
};

/** @param {Record<string, unknown>} fields @param {AbortSignal} [signal] */
export const plan = (fields, signal) => call("POST", "/v1/plans", { json: fields, signal });
/** @returns {Promise<any[]>} */
export const models = async () => (await call("GET", "/v1/models")).data;
/** The same, each with what it would take here. @returns {Promise<any[]>} */
export const suiting = async () => (await call("GET", "/v1/models", { query: { recommend: true } })).data;
export const system = () => call("GET", "/v1/system");
export const doctor = () => call("GET", "/v1/doctor");
export const session = () => call("GET", "/v1/session");
/** @param {string} key */
export const signIn = (key) => call("POST", "/v1/session", { headers: { Authorization: `Bearer ${key}` } });
/** @param {string} id @param {boolean} [acceptLicence] @param {boolean} [update] */
export const pull = (id, acceptLicence = false, update = false) =>
  call("POST", `${model(id)}/pull`, { json: { accept_licence: acceptLicence, update } });
/** @param {string} id */
export const pullState = (id) => call("GET", `${model(id)}/pull`);
/** @param {string} id */
export const cancelPull = (id) => call("POST", `${model(id)}/pull/cancel`);
/** @param {string} id */
export const removeModel = (id) => call("DELETE", model(id));
/** @returns {Promise<Blob>} */
export const supportBundle = () => call("POST", "/v1/support-bundle");
/** @param {Record<string, unknown>} facts what is known of the clip @returns {Promise<any>} */
export const advice = (facts) => call("GET", "/v1/advice", { query: facts });
/** The settings inside a video that unstill made. @param {File | Blob} file */
export function inspect(file) {
  const form = new FormData();
  form.append("video", file);
  return call("POST", "/v1/videos/inspect", { form });
}

export const keys = {
  list: () => call("GET", "/v1/keys"),
  /** @param {string} name */
  create: (name) => call("POST", "/v1/keys", { json: { name } }),
  /** @param {string} id */
  revoke: (id) => call("DELETE", `/v1/keys/${encodeURIComponent(id)}`),
};
