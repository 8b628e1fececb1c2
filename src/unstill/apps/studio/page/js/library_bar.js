// Above the posters: search, and which of them to show.
import { button, el, icon } from "./dom.js";
import { t } from "./i18n.js";

/** How long to wait for the next letter, in ms. */
const PAUSE_MS = 220;

/** The choices of state, and what the API calls them. @type {Record<string, string[]>} */
export const STATES = {
  all: [],
  done: ["completed"],
  working: ["in_progress", "queued"],
  failed: ["failed"],
  cancelled: ["cancelled"],
};

/**
 * @typedef {{text: string, state: string, model: string}} Wish
 */

/**
 * @param {Wish} wish changed in place
 * @param {() => void} changed
 * @param {(file: File) => void} take
 */
export function libraryBar(wish, changed, take) {
  let timer = 0;
  const search = el("input", {
    class: "input", type: "search", placeholder: t("library.search"), "aria-label": t("library.search"),
    value: wish.text, maxlength: "200", autocomplete: "off", spellcheck: "false",
    on: {
      input: () => {
        clearTimeout(timer);
        timer = window.setTimeout(go, PAUSE_MS);
      },
      keydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key === "Enter") go();
      },
    },
  });
  const go = () => {
    clearTimeout(timer);
    if (wish.text === search.value.trim()) return;
    wish.text = search.value.trim();
    changed();
  };
  const states = stateChoice(wish, changed);
  const model = el("select", { class: "input", "aria-label": t("library.model"), on: {
    change: () => {
      wish.model = model.value;
      changed();
    },
  } });
  const holder = el("div", { class: "of-model", hidden: true }, model);
  const file = el("input", { type: "file", accept: "video/mp4,video/webm,image/gif,image/webp", hidden: true, on: {
    change: () => {
      if (file.files?.[0]) take(file.files[0]);
      file.value = "";
    },
  } });
  const back = button(t("library.give_back"), () => file.click(), { kind: "quiet", icon: "settings", title: t("library.give_back_help") });
  const node = el("div", { class: "library-bar" },
    el("h1", { text: t("app.library") }),
    el("div", { class: "search" }, icon("search"), search),
    states.node, holder, back, file);

  /** @param {any[]} models */
  const offer = (models) => {
    holder.hidden = models.length < 2;
    const all = el("option", { value: "", text: t("library.all_models") });
    model.replaceChildren(all, ...models.map((one) => el("option", { value: one.id, text: one.title })));
    model.value = models.some((one) => one.id === wish.model) ? wish.model : "";
  };
  const reset = () => {
    Object.assign(wish, { text: "", state: "all", model: "" });
    search.value = "";
    model.value = "";
    states.set("all");
    changed();
    search.focus();
  };
  return { node, offer, reset, focus: () => search.focus(), stop: () => clearTimeout(timer) };
}

/** @param {Wish} wish @param {() => void} changed */
function stateChoice(wish, changed) {
  const node = el("fieldset", { class: "states" }, el("legend", { class: "unseen", text: t("library.state") }));
  for (const name of Object.keys(STATES)) {
    const radio = el("input", { type: "radio", name: "library-state", value: name, checked: wish.state === name, on: {
      change: () => {
        wish.state = name;
        changed();
      },
    } });
    node.append(el("label", null, radio, el("span", { text: t(`library.state_${name}`) })));
  }
  /** @param {string} name */
  const set = (name) => {
    for (const radio of node.querySelectorAll("input")) radio.checked = radio.value === name;
  };
  return { node, set };
}
