// Models as rows: what each does, its licence, its size, and the one thing to do about it.
import * as api from "./api.js";
import { openDialog, toast } from "./dialog.js";
import { button, clear, el } from "./dom.js";
import { isChinese, moment, number, size, t } from "./i18n.js";
import { complain } from "./library_delete.js";
import * as state from "./state.js";
import { askToGet, followPull, pullLine } from "./system_pull.js";

/**
 * @param {boolean} mayChange whether this person may get and remove models
 * @param {() => any} space the disk, as /v1/system tells it
 */
export function modelsPart(mayChange, space) {
  const list = el("ul", { class: "rows" });
  /** Fetches that are under way or ended badly, by model. @type {Map<string, any>} */
  const pulls = new Map();
  /** @type {Map<string, () => void>} */
  const followed = new Map();
  let over = false;

  /** @param {any[]} models */
  const show = (models) => {
    const focused = document.activeElement?.closest("[data-act]")?.getAttribute("data-act");
    const far = (/** @type {any} */ one) => one.weights?.state === "missing" && !one.weights.waiting_bytes;
    clear(list, [...models.filter((one) => !far(one)), ...models.filter(far)].map(rowOf));
    if (focused) list.querySelector(/** @type {any} */ (`[data-act="${CSS.escape(focused)}"]`))?.focus();
  };
  const again = async () => {
    const models = await api.models().catch(() => null);
    if (!models || over) return;
    state.set("models", models);
    for (const model of models) if (mayChange && model.weights?.waiting_bytes > 0 && !pulls.has(model.id)) void join(model);
    show(models);
  };
  /** A fetch may be under way that this page did not start. @param {any} model */
  const join = async (model) => {
    pulls.set(model.id, null);
    const pull = await api.pullState(model.id).catch(() => null);
    if (pull) track(model, pull);
  };
  /** @param {any} model @param {any} pull */
  const track = (model, pull) => {
    if (over) return;
    pulls.set(model.id, pull);
    if (pull.state === "in_progress" && !followed.has(model.id)) {
      followed.set(model.id, followPull(model.id, (now) => {
        pulls.set(model.id, now);
        if (now.state === "in_progress") update(model.id);
        else ended(model, now);
      }));
    }
    show(state.get("models") ?? []);
  };
  /** @param {any} model @param {any} pull */
  const ended = (model, pull) => {
    followed.delete(model.id);
    if (pull.state === "completed") toast(t("offer.done", { model: model.title }));
    if (pull.state !== "failed") pulls.delete(model.id);
    void again();
  };
  /** Only the line that moves. @param {string} id */
  const update = (id) => {
    const place = list.querySelector(`[data-pull="${CSS.escape(id)}"]`);
    if (place) clear(place, pullLine(pulls.get(id)));
  };

  /** @param {any} model */
  const start = async (model) => {
    if (!(await askToGet(model, space()))) return;
    try {
      track(model, await api.pull(model.id, true));
    } catch (problem) {
      complain(problem);
    }
  };
  /** @param {any} model */
  const stop = async (model) => {
    await api.cancelPull(model.id).catch(complain);
  };
  /** @param {any} model */
  const remove = (model) => {
    const go = async () => {
      close();
      try {
        const { freed_bytes: freed } = await api.removeModel(model.id);
        toast(t("system.removed", { model: model.title, size: size(freed) }));
      } catch (problem) {
        complain(problem);
      }
      void again();
    };
    const close = openDialog(t("system.remove_title", { model: model.title }), [
      el("p", { text: t("system.remove_about", { size: size(model.weights.size_bytes) }) }),
    ], { actions: [button(t("app.cancel"), () => close(), { kind: "quiet" }), button(t("system.remove"), () => void go(), { class: "danger" })] });
  };

  /** @param {any} model */
  const rowOf = (model) => {
    const pull = pulls.get(model.id);
    const busy = pull?.state === "in_progress";
    return el("li", { class: "model" },
      el("div", { class: "model-head" },
        el("h3", { text: titleOf(model) }),
        model.default ? el("span", { class: "muted small", text: t("system.default") }) : null,
        mayChange ? actionOf(model, busy) : null),
      el("p", { text: model.description }),
      busy ? el("div", { "data-pull": model.id }, pullLine(pull)) : el("p", { class: "where" }, ...whereOf(model)),
      pull?.state === "failed" && el("p", { class: "error-text", role: "alert", text: [pull.error?.message, pull.error?.hint].filter(Boolean).join(" ") }),
      licenceOf(model));
  };
  /** @param {any} model @param {boolean} busy */
  const actionOf = (model, busy) => {
    const files = model.weights;
    if (!files) return null;
    if (busy) return button(t("offer.stop"), () => void stop(model), { "data-act": `stop ${model.id}` });
    if (files.state === "ready") {
      return files.origin === "store"
        ? button(t("system.remove"), () => remove(model), { kind: "quiet", "data-act": `remove ${model.id}`, "aria-label": t("system.remove_name", { model: model.title }) })
        : null;
    }
    const label = files.waiting_bytes > 0 ? "system.get_rest" : "system.get";
    return button(t(label), () => void start(model), { "data-act": `get ${model.id}`, "aria-label": t("system.get_name", { model: model.title }) });
  };

  const halt = () => {
    over = true;
    for (const end of followed.values()) end();
  };
  return { node: list, again, stop: halt };
}

/** @param {any} model */
function titleOf(model) {
  return model.generative === false ? t("library.camera_motion") : model.title;
}

/** Where its files are, or what getting them takes. @param {any} model */
function whereOf(model) {
  const files = model.weights;
  if (!files) return [dot("good"), t("system.built_in")];
  const parameters = model.parameters ? t("system.parameters", { n: isChinese() ? number(model.parameters / 1e8, 0) : number(model.parameters / 1e9) }) : "";
  /** @param {string[]} parts */
  const line = (...parts) => parts.filter(Boolean).join(" · ");
  if (files.state === "ready") {
    const from = files.origin === "store" && files.fetched_at ? t("system.fetched", { when: moment(files.fetched_at) }) : t("system.elsewhere");
    return [dot("good"), line(t("system.here"), size(files.size_bytes), parameters, from)];
  }
  if (files.state === "unusable") {
    return [dot("bad"), [files.problem?.message ?? t("system.unusable"), files.problem?.hint].filter(Boolean).join(" ")];
  }
  const rest = files.waiting_bytes > 0 ? t("system.begun", { size: size(files.waiting_bytes) }) : "";
  return [dot(""), line(t("system.missing"), model.download_bytes ? size(model.download_bytes) : "", parameters, rest)];
}

/** @param {string} level */
function dot(level) {
  return el("span", { class: `dot ${level}` });
}

/** Its licence, and beside it what its sources say where they differ. @param {any} model */
function licenceOf(model) {
  const name = (isChinese() && model.licence_zh) || model.licence;
  const line = t("settings.licence", { licence: name });
  if (!model.licence_notes.length) return el("p", { class: "muted small", text: line });
  return el("details", { class: "licence small" }, el("summary", { class: "muted", text: line }), notesOf(model));
}

/** @param {any} model */
export function notesOf(model) {
  const language = isChinese() ? "zh" : "en";
  return el("ul", { class: "notes" }, model.licence_notes.map((/** @type {any} */ note) => el("li", { text: note[language] ?? note.en })));
}
