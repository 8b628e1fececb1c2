// A model whose files are not here: offered where a graphics card could use it, fetched once its licence is read.
import * as api from "../api.js";
import { toast } from "../dialog.js";
import { button, clear, el } from "../dom.js";
import { explain } from "../errors.js";
import { duration, size, t } from "../i18n.js";
import * as state from "../state.js";
import { askToGet, followPull } from "../system_pull.js";
import { card, cards, isAuto } from "./asked.js";
import { bestToBeHad, useModel } from "./models.js";

/** @param {() => void} ready what may be done once the fetch has begun: a video waits for its model's files */
export function offer(ready) {
  const node = el("div", { class: "offer", role: "status" });
  /** @type {(() => void) | null} */
  let unfollow = null;
  let coming = "";
  let waiting = false;
  let looked = false;

  /** The model to offer: the chosen one, or a generative one where a card could carry it. */
  const meant = () => {
    const chosen = card();
    if (chosen && isMissing(chosen) && !isAuto()) return chosen;
    const able = state.get("system")?.machine?.accelerator;
    return able && !chosen?.generative ? bestToBeHad() : undefined;
  };

  const draw = () => {
    if (unfollow) return;
    const of = meant();
    if (!of) {
      clear(node);
      return;
    }
    const key = of === card() ? "offer.needed" : "offer.line";
    clear(
      node,
      el("p", { text: t(key, { model: of.title }) }),
      button(t("offer.get", { model: of.title, size: size(of.download_bytes) }), () => void ask(false), { icon: "download" }),
    );
  };

  /** @param {boolean} thenGenerate */
  const ask = async (thenGenerate) => {
    const of = meant();
    if (!of) return;
    const more = { about: of.description, after: thenGenerate ? t("offer.then") : "" };
    if (!(await askToGet(of, state.get("system")?.space ?? null, more))) return;
    waiting = thenGenerate;
    if ((await fetchFiles(of)) && thenGenerate) ready();
  };

  /** @param {import("./asked.js").Card} of */
  const fetchFiles = async (of) => {
    try {
      await api.pull(of.id, true);
      follow(of);
      return true;
    } catch (error) {
      const said = explain(error);
      toast(`${said.message} ${said.hint}`, { seconds: 12 });
      waiting = false;
      return false;
    }
  };

  /** @param {import("./asked.js").Card} of */
  const follow = (of) => {
    coming = of.id;
    unfollow = followPull(of.id, (told) => {
      if (told.state === "in_progress") show(of, told);
      else void end(of, told);
    });
  };

  /** @param {import("./asked.js").Card} of @param {any} told */
  const show = (of, told) => {
    const percent = told.total_bytes ? Math.floor((100 * told.done_bytes) / told.total_bytes) : 0;
    const facts = { model: of.title, percent, left: told.eta_s === null ? "" : duration(told.eta_s) };
    clear(
      node,
      el("p", { text: t(facts.left ? "offer.getting" : "offer.getting_soon", facts) }),
      el("progress", { max: "100", value: percent, "aria-label": t("offer.title", { model: of.title }) }),
      waiting ? el("p", { class: "muted", text: t("offer.then") }) : null,
      button(t("offer.stop"), () => void api.cancelPull(of.id), { kind: "quiet" }),
    );
  };

  /** @param {import("./asked.js").Card} of @param {any} told */
  const end = async (of, told) => {
    unfollow = null;
    coming = "";
    state.set("models", await api.models().catch(cards));
    if (told.error) {
      toast(`${told.error.message ?? ""} ${told.error.hint ?? ""}`, { seconds: 12 });
    } else if (told.state === "completed") {
      toast(t("offer.done", { model: of.title }));
      useModel(of.id);
    }
    waiting = false;
    draw();
  };

  /** A download that went on while the page was closed. */
  const rejoin = async () => {
    const of = meant();
    if (!of || unfollow || looked) return;
    looked = true;
    const told = await api.pullState(of.id).catch(() => null);
    if (told?.state === "in_progress") follow(of);
  };

  draw();
  void rejoin();
  const stops = ["models", "settings", "system", "suiting"].map((name) => state.on(name, () => {
    draw();
    void rejoin();
  }));
  return {
    node,
    ask,
    needed: () => {
      const of = card();
      return of !== undefined && isMissing(of) && !isAuto() && coming !== of.id;
    },
    stop() {
      for (const stop of stops) stop();
      unfollow?.();
    },
  };
}

/** @param {import("./asked.js").Card} of */
function isMissing(of) {
  return of.weights?.state === "missing";
}
