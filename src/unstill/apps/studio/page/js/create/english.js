// The prompt in other words: Chinese put into English here, or written anew by the person's own language model.
// Both only when asked, and shown in a line of their own before anything is made of it.
import * as api from "../api.js";
import { button, clear, el } from "../dom.js";
import { errorBlock, explain } from "../errors.js";
import { t } from "../i18n.js";
import * as state from "../state.js";
import { card } from "./asked.js";

const HAN = /\p{Script=Han}/gu;
const WORDS = /[A-Za-zÀ-ɏ]+/g;

/** Whether a prompt is mostly Chinese, as the server judges it. @param {string} text */
function mostlyChinese(text) {
  const han = text.match(HAN)?.length ?? 0;
  return han > 0 && han >= (text.match(WORDS)?.length ?? 0);
}

/** Whether the chosen model reads English alone, and the prompt is Chinese. @param {string} prompt */
function unread(prompt) {
  const of = card();
  return Boolean(of?.generative && !of.prompt_languages.includes("zh") && mostlyChinese(prompt));
}

export function english() {
  const line = el("textarea", { id: "prompt-english", class: "input", rows: "2", maxlength: "4000", dir: "auto", lang: "en" });
  const back = button(t("english.drop"), () => state.set("english", null), { kind: "quiet" });
  const shown = el("div", { class: "field", hidden: true },
    el("label", { for: "prompt-english", class: "label", text: t("english.goes") }), line, el("div", { class: "row" }, back));
  const translate = button(t("english.translate"), () => void ask("translate"), { hidden: true });
  const rewrite = button(t("english.rewrite"), () => void ask("rewrite"), { kind: "quiet", hidden: true });
  const where = el("span", { class: "muted small" });
  const trouble = el("div", { class: "trouble-place" });
  let asking = "";

  line.addEventListener("input", () => {
    const now = state.get("english");
    if (now) state.set("english", { ...now, text: line.value });
  });

  const draw = () => {
    const prompt = String(state.get("settings").prompt ?? "");
    const now = state.get("english");
    if (now && (now.of !== prompt || now.model !== card()?.id)) {
      state.set("english", null); // it was of other words, or for another model
      return;
    }
    shown.hidden = !now;
    if (now && line.value !== now.text) line.value = now.text;
    const rewriter = state.get("system")?.prompts?.rewriter;
    translate.hidden = Boolean(now) || !unread(prompt);
    rewrite.hidden = !rewriter || !prompt.trim();
    where.textContent = rewrite.hidden ? "" : t("english.where", rewriter);
    translate.disabled = rewrite.disabled = asking !== "";
    label(translate, asking === "translate" ? "english.translating" : "english.translate");
    label(rewrite, asking === "rewrite" ? "english.rewriting" : "english.rewrite");
    node.hidden = translate.hidden && rewrite.hidden && shown.hidden && !trouble.childElementCount;
  };

  /** @param {HTMLElement} of @param {string} key */
  const label = (of, key) => {
    if (of.lastElementChild) of.lastElementChild.textContent = t(key);
  };

  /** @param {"translate" | "rewrite"} how */
  async function ask(how) {
    const model = card()?.id;
    const prompt = String(state.get("settings").prompt ?? "");
    if (asking || !model) return;
    asking = how;
    clear(trouble);
    draw();
    try {
      const made = await api.prompts[how](prompt, model);
      if (prompt === (state.get("settings").prompt ?? "")) state.set("english", { of: prompt, model, text: made.prompt });
    } catch (error) {
      clear(trouble, errorBlock(explain(error)));
    } finally {
      asking = "";
      draw();
    }
  }

  const node = el("div", { class: "english field", hidden: true }, shown, el("div", { class: "row" }, translate, rewrite, where), trouble);
  draw();
  const stops = ["settings", "models", "system", "english"].map((name) => state.on(name, () => {
    if (name === "settings") clear(trouble);
    draw();
  }));
  return {
    node,
    stop() {
      for (const stop of stops) stop();
    },
  };
}
