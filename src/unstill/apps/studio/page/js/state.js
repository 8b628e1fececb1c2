// What the views share. Settings, language and theme outlive the tab; pictures never do.

const PREFIX = "unstill.";
const KEPT = new Set(["settings", "language", "theme", "folded"]);

/** @type {Map<string, any>} */
const values = new Map();
/** @type {Map<string, Set<(value: any) => void>>} */
const listeners = new Map();

for (const name of KEPT) {
  const kept = recall(name);
  if (kept !== undefined) values.set(name, kept);
}
values.set("jobs", new Map());
values.set("settings", values.get("settings") ?? {});

/**
 * The names: jobs (a Map of videos by id), settings (the composer's, by the names of the API), language, theme,
 * models (a list), system, picture (a Picture or null), shape (width and height of a picture on its way here,
 * 0 until they are known, or null), online.
 * @param {string} name
 * @returns {any}
 */
export function get(name) {
  return values.get(name);
}

/** @param {string} name @param {any} value */
export function set(name, value) {
  values.set(name, value);
  if (KEPT.has(name)) remember(name, value);
  for (const listener of [...(listeners.get(name) ?? [])]) listener(value);
}

/**
 * @param {string} name
 * @param {(value: any) => void} listener
 * @returns {() => void} stops it
 */
export function on(name, listener) {
  const all = listeners.get(name) ?? new Set();
  listeners.set(name, all.add(listener));
  return () => all.delete(listener);
}

/** Put a video into `jobs` and say so. @param {{id: string}} video */
export function know(video) {
  set("jobs", get("jobs").set(video.id, video));
}

/** Change some of the settings; undefined and null take one back to the model's own. @param {Record<string, any>} some */
export function setSettings(some) {
  const next = { ...get("settings"), ...some };
  for (const [name, value] of Object.entries(next)) if (value === undefined || value === null) delete next[name];
  set("settings", next);
}

/** @param {string} name */
function recall(name) {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined; // storage is off, or holds something else: start anew
  }
}

/** @param {string} name @param {unknown} value */
function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // A private window may keep nothing.
  }
}
