// API keys: made here, shown once, ended here. For whoever runs the server.
import { keys } from "./api.js";
import { openDialog, toast } from "./dialog.js";
import { button, clear, el } from "./dom.js";
import { ago, moment, t } from "./i18n.js";
import { complain } from "./library_delete.js";
import { copyButton } from "./system_copy.js";

/** Characters of a key's name. */
const LONGEST = 80;

/**
 * @param {any[]} first the keys there are
 */
export function keysPart(first) {
  const list = el("ul", { class: "rows" });
  const name = el("input", {
    class: "input", name: "name", maxlength: String(LONGEST), required: true, autocomplete: "off",
    placeholder: t("keys.name_hint"), "aria-label": t("keys.name"),
  });
  const form = el("form", { class: "key-form", on: { submit: (event) => void add(event) } },
    name, el("button", { type: "submit", class: "button plain", text: t("keys.create") }));

  const again = async () => {
    try {
      show((await keys.list()).data);
    } catch (problem) {
      complain(problem);
    }
  };
  /** @param {any[]} all */
  const show = (all) => {
    const alive = all.filter((key) => key.revoked_at === null).reverse();
    clear(list, alive.length ? alive.map((key) => rowOf(key, () => void again())) : el("li", { class: "muted", text: t("keys.none") }));
  };
  /** @param {SubmitEvent} event */
  const add = async (event) => {
    event.preventDefault();
    try {
      const made = await keys.create(name.value.trim());
      name.value = "";
      reveal(made);
      await again();
    } catch (problem) {
      complain(problem);
    }
  };
  show(first);
  return el("div", { class: "stack" }, el("p", { class: "muted", text: t("keys.about") }), list, form);
}

/** @param {any} key @param {() => void} changed */
function rowOf(key, changed) {
  const used = key.last_used_at ? t("keys.used", { when: ago(key.last_used_at) }) : t("keys.unused");
  return el("li", { class: "line-row" },
    el("div", null,
      el("p", { class: "name", text: key.name }),
      el("p", { class: "muted small", text: `${t("keys.made", { when: moment(key.created_at) })} · ${used}` })),
    button(t("keys.revoke"), () => confirmEnd(key, changed), { kind: "quiet", "aria-label": t("keys.revoke_name", { name: key.name }) }));
}

/** @param {any} key @param {() => void} changed */
function confirmEnd(key, changed) {
  const end = async () => {
    close();
    try {
      await keys.revoke(key.id);
      toast(t("keys.revoked", { name: key.name }));
    } catch (problem) {
      complain(problem);
    }
    changed();
  };
  const close = openDialog(t("keys.revoke_title", { name: key.name }), [el("p", { text: t("keys.revoke_about") })], {
    actions: [button(t("app.cancel"), () => close(), { kind: "quiet" }), button(t("keys.revoke"), () => void end(), { kind: "plain", class: "danger" })],
  });
}

/** The one time that a secret is seen. @param {any} made */
function reveal(made) {
  const secret = el("input", { class: "input mono", readonly: true, value: made.secret, "aria-label": t("keys.secret") });
  secret.addEventListener("focus", () => secret.select());
  const close = openDialog(t("keys.made_title", { name: made.name }), [
    el("div", { class: "stack" },
      el("p", { text: t("keys.once") }),
      el("div", { class: "key-form" }, secret, copyButton(() => made.secret)),
      el("p", { class: "muted small", text: t("keys.how") })),
  ], { actions: [button(t("keys.kept"), () => close(), { kind: "primary" })], firm: true, closed: () => (secret.value = "") });
}
