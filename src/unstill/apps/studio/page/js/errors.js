// What went wrong, in the person's words: one sentence, what to do, and where to find more.
import { ApiError } from "./api.js";
import { copyButton } from "./copy.js";
import { el } from "./dom.js";
import { has, t } from "./i18n.js";

/**
 * @typedef {{message: string, hint: string, code: string, incident: string | null, param: string | null,
 *   waitS: number}} Said
 */

/** @param {unknown} error @returns {Said} */
export function explain(error) {
  if (!(error instanceof ApiError)) {
    return { ...NONE, message: t("error.unexpected"), hint: t("error.unexpected_hint"), code: "page" };
  }
  if (error.code === "offline") {
    return { ...NONE, message: t("error.offline"), hint: t("error.offline_hint"), code: "offline" };
  }
  const known = error.message !== "";
  return {
    message: known ? friendly(error.message) : t("error.unexpected"),
    hint: known ? friendly(error.hint) : t("error.unexpected_hint"),
    code: error.code,
    incident: error.code === "unexpected" ? error.incident : null,
    param: error.param,
    waitS: error.status === 429 || error.status === 503 ? error.retryAfterS : 0,
  };
}

/** Settings by the names that they have on the page: the server says num_frames, or --num-frames. @param {string} text */
export function friendly(text) {
  return text.replace(/`?(--[a-z-]+|\b[a-z]+(?:_[a-z]+)+\b)`?/g, (whole, name) => {
    const key = `settings.${name.replace(/^--/, "").replaceAll("-", "_")}`;
    return has(key) ? t(key) : whole;
  });
}

const NONE = { incident: null, param: null, waitS: 0 };

/**
 * An error as a quiet block: the sentence, what to do, and folded the code and the number to send in.
 * @param {Said} said
 * @param {import("./dom.js").Child[]} actions
 */
export function errorBlock(said, actions = []) {
  return el(
    "div",
    { class: "trouble", role: "alert" },
    el("p", { class: "what", text: said.message }),
    said.hint ? el("p", { class: "muted", text: said.hint }) : null,
    said.incident
      ? el(
          "p",
          { class: "row small" },
          el("span", { class: "mono", text: t("error.incident", { id: said.incident }) }),
          copyButton(said.incident, t("error.copy_incident")),
        )
      : null,
    actions.length ? el("div", { class: "row" }, actions) : null,
    el(
      "details",
      { class: "small muted" },
      el("summary", { text: t("error.details") }),
      el("p", { class: "mono", text: t("error.code", { code: said.code }) }),
    ),
  );
}
