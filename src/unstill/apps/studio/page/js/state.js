// What the views share. Settings, language and theme outlive the tab; pictures never do.

const PREFIX = "unstill.";
/** Characters of a prompt; what is longer was not written here. */
const LONGEST = 20000;
const KEPT = new Set(["settings", "language", "theme", "folded"]);

/** @type {Map<string, any>} */
const values = new Map();
/** @type {Map<string, Set<(value: any) => void>>} */
const listeners = new Map();

for (const name of KEPT) {
  const kept = recall(name);
  if (fits(name, kept)) values.set(name, kept);
}
values.set("jobs", new Map());
values.set("settings", values.get("settings") ?? {});

/**
 * The names: jobs (a Map of videos by id), settings (the composer's, by the names of the API), language, theme,
 * models (a list), system, picture (a Picture or null), last (the one for the last frame), shape (width and height of a picture on its way here,
 * 0 until they are known, or null), english ({of, model, text}: the words that go to a model in place of
 * the prompt that they are of), online, refusal (why a file was not taken).
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

/** Whether anything on the page shows what is set under this name. @param {string} name */
export function heard(name) {
  return (listeners.get(name)?.size ?? 0) > 0;
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

/** Whether what was kept is of its kind: anything may have been written there. @param {string} name @param {any} kept */
function fits(name, kept) {
  if (name === "language" || name === "theme") return typeof kept === "string";
  if (typeof kept !== "object" || kept === null || Array.isArray(kept)) return false;
  return name !== "settings" || kept.prompt === undefined || (typeof kept.prompt === "string" && kept.prompt.length <= LONGEST);
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
