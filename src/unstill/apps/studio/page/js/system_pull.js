// Getting a model's files: first the licence, then the download with its rate and the time that is left.
import { pullState, urls } from "./api.js";
import { openDialog } from "./dialog.js";
import { button, el } from "./dom.js";
import { duration, has, isChinese, number, size, t } from "./i18n.js";
import { told as inWords } from "./script.js";

/** Between two questions where no events come through, in ms. */
const ASK_MS = 1500;

/**
 * Show the licence and ask for consent.
 * @param {any} model
 * @param {any} space the disk, as /v1/system tells it; null where that is not known
 * @param {{about?: string, after?: string}} [more] what the model is for, and what follows the download
 * @returns {Promise<boolean>} whether the person agreed
 */
export function askToGet(model, space, { about = "", after = "" } = {}) {
  return new Promise((answer) => {
    const files = model.weights;
    const rest = Math.max(0, model.download_bytes - (files?.waiting_bytes ?? 0));
    const isFull = space && rest > space.free - space.floor;
    const tick = el("input", { type: "checkbox", on: { change: () => (go.disabled = !tick.checked || isFull) } });
    let agreed = false;
    const go = button(rest ? t("offer.start", { size: size(rest) }) : t("system.get"), () => {
      agreed = true;
      close();
    }, { kind: "primary" });
    go.disabled = true;
    const language = isChinese() ? "zh" : "en";
    const notes = model.licence_notes.map((/** @type {any} */ note) => el("li", { text: note[language] ?? note.en }));
    const close = openDialog(t("offer.title", { model: model.title }), [
      el("div", { class: "stack" },
        about ? el("p", { text: about }) : null,
        el("h3", { text: t("offer.licence") }),
        el("p", { text: (isChinese() && model.licence_zh) || model.licence }),
        notes.length ? [el("h3", { text: t("offer.sources") }), el("ul", { class: "notes" }, notes)] : null,
        space ? el("p", { class: isFull ? "error-text" : "muted", text: t(isFull ? "system.get_no_room" : "system.get_room", { need: size(rest), free: size(space.free) }) }) : null,
        el("label", { class: "check" }, tick, el("span", { text: t("offer.accept") })),
        after ? el("p", { class: "muted", text: after }) : null),
    ], { actions: [button(t("app.cancel"), () => close(), { kind: "quiet" }), go], closed: () => answer(agreed) });
  });
}

/**
 * Follow a fetch until it ends.
 * @param {string} id
 * @param {(pull: any) => void} told every change; nothing after one whose state is not "in_progress"
 * @returns {() => void} stops following, not the fetch
 */
export function followPull(id, told) {
  let over = false;
  let timer = 0;
  /** @type {EventSource | null} */
  let source = new EventSource(urls.pullEvents(id));
  const stop = () => {
    over = true;
    source?.close();
    clearTimeout(timer);
  };
  // The stream speaks the browser's language and not the page's: the end is asked for again.
  const ask = async () => {
    const pull = await pullState(id).catch(() => null);
    if (over) return;
    if (pull) {
      if (pull.state !== "in_progress") stop();
      told(pull);
    }
    if (!over) timer = window.setTimeout(ask, ASK_MS);
  };
  const end = () => {
    source?.close();
    source = null;
    void ask();
  };
  source.addEventListener("progress", (event) => told(inWords(JSON.parse(/** @type {MessageEvent} */ (event).data))));
  source.addEventListener("done", end);
  source.addEventListener("error", () => source && end());
  return stop;
}

/**
 * How far it is: a bar, and a line with the rate and the time left.
 * @param {any} pull
 * @returns {HTMLElement}
 */
export function pullLine(pull) {
  const known = pull.total_bytes > 0;
  const percent = known ? Math.floor((100 * pull.done_bytes) / pull.total_bytes) : 0;
  const bar = el("div", {
    class: known ? "progress" : "progress unknown", role: "progressbar", "aria-label": stageOf(pull),
    "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": known ? String(percent) : null,
  });
  bar.style.setProperty("--part", `${percent}%`);
  const parts = [stageOf(pull)];
  if (known) {
    parts.push(t("run.percent", { n: number(percent, 0) }), t("system.pull_of", { done: size(pull.done_bytes), total: size(pull.total_bytes) }));
  }
  if (pull.rate_bytes_s > 0) parts.push(t("system.pull_rate", { rate: size(pull.rate_bytes_s) }));
  if (pull.eta_s) parts.push(t("run.left", { time: duration(pull.eta_s) }));
  if (pull.source) parts.push(t("system.pull_from", { source: pull.source }));
  return el("div", { class: "pull" }, bar, el("p", { class: "muted small", text: parts.join(" · ") }));
}

/** @param {any} pull */
function stageOf(pull) {
  const key = `system.${pull.stage}`;
  return has(key) ? t(key) : t("system.weights_fetch");
}
