// Where one says what should happen, and starts it.
import * as api from "../api.js";
import { announce } from "../dialog.js";
import { button, clear, el } from "../dom.js";
import { errorBlock, explain } from "../errors.js";
import { isChinese, t } from "../i18n.js";
import * as state from "../state.js";
import { asked, formOf } from "./asked.js";
import { chips } from "./chips.js";
import { english } from "./english.js";
import { estimate } from "./estimate.js";
import { chooseLast, lacksLast, lastPlace } from "./last.js";
import { offer } from "./offer.js";
import { adopted, choose } from "./picture.js";
import { presets } from "./presets.js";
import { settingsForm } from "./settings.js";

/** Seconds to wait where the server does not say how long. */
const WAIT_S = 5;
/** From when on sending can be stopped, in ms: a button that comes and goes at once would only flicker. */
const SLOW_MS = 1000;

/** @typedef {{form: FormData, key: string, asked: string}} Wanted a request, and the settings that it is of */

/** A name for one request, so that sending it twice makes one video. */
function requestName() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
}

/**
 * @param {{started: (video: any) => void, planned: (plan: any) => void}} heard
 */
export function composer({ started, planned }) {
  const prompt = el("textarea", {
    id: "prompt", class: "prompt-box", rows: "3", maxlength: "4000", placeholder: t("create.prompt_hint"),
    dir: "auto",
  });
  const source = el("div", { class: "source row", hidden: true });
  const trouble = el("div", { class: "trouble-place" });
  const go = button(t("create.generate"), () => void generate(), { kind: "primary", class: "generate" });
  const halt = button(t("app.cancel"), () => onItsWay?.abort(), { kind: "quiet", hidden: true });
  const form = settingsForm();
  const inEnglish = english();
  const moves = chips();
  const last = lastPlace();
  const levels = presets();
  let wanted = /** @type {Wanted | null} */ (null);
  let sending = false;
  /** How much of the picture has gone out, whether that takes long, and what stops it. */
  let gone = 1;
  let slow = false;
  let onItsWay = /** @type {AbortController | null} */ (null);
  let away = false;
  let timer = 0;
  let cut = false;

  const cost = estimate((plan, wrong) => {
    planned(plan);
    form.complain(wrong?.param ?? null, wrong?.message ?? "");
  });
  const weights = offer(() => void generate());

  prompt.addEventListener("input", () => state.setSettings({ prompt: prompt.value || null }));
  prompt.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void generate();
  });

  const draw = () => {
    const now = state.get("settings").prompt ?? "";
    if (prompt.value !== now) prompt.value = now;
    const part = sending && gone > 0 && gone < 1;
    const label = part ? t("create.sending_part", { n: Math.floor(100 * gone) }) : t(sending ? "create.sending" : "create.generate");
    halt.hidden = !sending || !slow || gone === 1;
    if (go.lastElementChild) go.lastElementChild.textContent = label;
    go.disabled = sending;
  };
  /** Which picture it will be, where the stage shows something else. */
  const drawSource = () => {
    const picture = state.get("picture");
    source.hidden = !away || !picture;
    clear(source, !source.hidden && [
      picture.width ? el("img", { src: picture.url, alt: "", width: "48", height: "32" }) : null,
      el("p", { class: "muted name grow", text: t("create.will_use", { name: picture.name }) }),
      button(t("create.replace"), choose, { kind: "quiet" }),
    ]);
  };

  async function generate() {
    if (sending) return;
    forget();
    const picture = state.get("picture") ?? (await arriving());
    if (!picture) {
      announce(t("create.need_picture"));
      refuse(t("create.need_picture"), button(t("create.pick"), choose));
      trouble.querySelector("button")?.focus();
      return;
    }
    if (lacksLast()) {
      announce(t("last.need"));
      refuse(t("last.need"), button(t("create.pick"), chooseLast));
      return;
    }
    if (weights.needed()) {
      void weights.ask(true);
      return;
    }
    await send({ form: formOf(picture), key: requestName(), asked: JSON.stringify(asked()) });
  }

  /** @param {string} why @param {HTMLElement} [way] out of it */
  function refuse(why, way) {
    clear(trouble, el("p", { role: "alert", class: "row" }, el("span", { dir: "auto", text: why }), way));
    trouble.scrollIntoView({ block: "nearest" });
  }

  /** The picture of the video on the stage, which may be on its way still. */
  async function arriving() {
    busy(true);
    await adopted();
    busy(false);
    return state.get("picture");
  }

  /** @param {boolean} now */
  function busy(now) {
    sending = now;
    draw();
  }

  /** What was refused is not asked for any more. */
  function forget() {
    wanted = null;
    cut = false;
    clearTimeout(timer);
    clear(trouble);
  }

  /** Ask once more: the same request, or that of the settings as they are by now. */
  function again() {
    if (sending) return;
    if (wanted?.asked === JSON.stringify(asked())) void send(wanted);
    else void generate();
  }

  /** @param {Wanted} request */
  async function send(request) {
    wanted = request;
    cut = false;
    clearTimeout(timer);
    onItsWay = new AbortController();
    gone = 0;
    const patience = window.setTimeout(() => {
      slow = true;
      draw();
    }, SLOW_MS);
    busy(true);
    try {
      const video = await api.videos.create(request.form, request.key, sent, onItsWay.signal);
      forget();
      started(video);
    } catch (error) {
      if (onItsWay.signal.aborted) forget();
      else if (!resent(error)) fail(error);
    } finally {
      clearTimeout(patience);
      slow = false;
      gone = 1;
      busy(false);
    }
  }

  /** @param {number} share */
  function sent(share) {
    gone = share;
    draw();
  }

  /** Whether the video whose picture was meant is gone, and the picture itself is sent now. @param {unknown} error */
  function resent(error) {
    const lent = [state.get("picture"), state.get("last")].filter((one) => one?.of);
    if (explain(error).code !== "video_not_found" || !lent.length) return false;
    for (const one of lent) one.of = "";
    forget();
    window.setTimeout(() => void generate());
    return true;
  }

  /** @param {unknown} error */
  function fail(error) {
    const said = explain(error);
    if (said.code === "weights_missing" || said.code === "weights_incomplete") {
      void weights.ask(true);
      return;
    }
    form.complain(said.param, said.message);
    cut = wanted !== null && said.code === "offline";
    if (said.waitS && wanted) said.hint = [said.hint, t("error.by_itself")].join(isChinese() ? "" : " ");
    clear(trouble, errorBlock(said, [button(t("error.again"), again, { icon: "redo" })]));
    trouble.scrollIntoView({ block: "nearest" });
    // A full queue empties by itself; so does a server that is away for a moment come back.
    if (said.waitS && wanted) timer = window.setTimeout(again, Math.max(WAIT_S, said.waitS) * 1000);
  }

  const node = el(
    "section",
    { class: "composer", "aria-label": t("create.composer") },
    el("h1", { class: "unseen", text: t("create.title") }),
    weights.node,
    el("div", { class: "field" }, el("label", { for: "prompt", class: "question", text: t("create.prompt") }), prompt),
    inEnglish.node,
    source,
    last.node,
    moves.node,
    levels.node,
    el("div", { class: "go" }, go, halt, cost.line),
    trouble,
    cost.more,
    form.node,
  );
  draw();
  const stops = [state.on("settings", draw), state.on("online", (online) => online && cut && again()), state.on("refusal", (why) => {
    forget();
    refuse(why);
  }), state.on("last", forget), state.on("picture", () => {
    forget();
    drawSource();
  })];
  return {
    node,
    generate,
    /** @param {boolean} next whether the stage shows something else than the picture */
    away(next) {
      away = next;
      drawSource();
    },
    focusPrompt() {
      prompt.focus();
      prompt.select();
    },
    stop() {
      for (const stop of stops) stop();
      for (const one of [form, moves, levels, cost, weights, inEnglish, last]) one.stop();
      clearTimeout(timer);
    },
  };
}
