// Where nobody is signed in: what to do about it, calmly.
import { ApiError, signIn } from "./api.js";
import { el } from "./dom.js";
import { explain } from "./errors.js";
import { t } from "./i18n.js";

/** @param {HTMLElement} root */
export function mount(root) {
  const wrong = el("p", { class: "error-text", role: "alert", id: "key-wrong", hidden: true });
  const key = el("input", {
    class: "input mono", id: "key", type: "password", autocomplete: "current-password", required: true,
    spellcheck: "false", "aria-describedby": "key-wrong",
  });
  const enter = el("button", { class: "button primary", type: "submit", text: t("login.enter") });

  /** @param {SubmitEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    enter.disabled = true;
    wrong.hidden = true;
    try {
      await signIn(key.value.trim());
      document.dispatchEvent(new CustomEvent("unstill:in"));
    } catch (error) {
      const refused = error instanceof ApiError && error.status === 401;
      wrong.textContent = refused ? t("login.wrong") : explain(error).message;
      wrong.hidden = false;
      key.setAttribute("aria-invalid", "true");
      key.focus();
    } finally {
      enter.disabled = false;
    }
  };

  root.append(
    el(
      "section",
      { class: "lone" },
      el("h1", { text: t("login.title") }),
      el("p", { text: t("login.link", { example: `${location.origin}/?link=…` }) }),
      el(
        "form",
        { class: "field", on: { submit } },
        el("label", { for: "key", text: t("login.key") }),
        el("div", { class: "row joined" }, key, enter),
        wrong,
      ),
      el("p", { class: "muted", text: t("login.lost", { command: "unstill keys add NAME" }) }),
    ),
  );
  return () => {};
}
