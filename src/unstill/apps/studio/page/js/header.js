// The strip at the top: name, the three rooms, language, theme.
import { button, clear, el, icon, logo, part } from "./dom.js";
import { NAMES, language, setLanguage, t } from "./i18n.js";
import { showKeys } from "./shortcuts.js";
import * as state from "./state.js";

const ROOMS = { create: "#/", library: "#/library", system: "#/system" };

/** Draw it. @param {string} room the view that is open @param {boolean} inside whether one may go elsewhere */
export function drawHeader(room, inside = true) {
  const links = Object.entries(ROOMS).map(([name, href]) =>
    el("a", { href, text: t(`app.${name}`), "aria-current": name === room ? "page" : null }),
  );
  const choosing = document.activeElement?.matches(".tongue select");
  clear(
    part("top"),
    el(
      "a",
      { class: "brand", href: "#/" },
      logo("unstill"),
      el("span", { "aria-hidden": "true", text: "unstill" }),
    ),
    el("nav", { "aria-label": t("app.rooms") }, inside ? links : []),
    languageMenu(),
    themeButton(),
    inside && button(t("app.keys"), showKeys, { kind: "icon", icon: "keyboard", class: "wide" }),
  );
  part("skip").textContent = t("app.skip");
  if (choosing) part("top").querySelector("select")?.focus();
}

function languageMenu() {
  const menu = el(
    "select",
    {
      "aria-label": t("app.language"),
      on: { change: (event) => void setLanguage(event.target.value) },
    },
    Object.entries(NAMES).map(([code, name]) =>
      el("option", { value: code, lang: code, text: name, selected: code === language() }),
    ),
  );
  return el("div", { class: "tongue" }, icon("globe"), el("span", { text: NAMES[language()] }), menu);
}

function isDark() {
  const chosen = state.get("theme");
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function themeButton() {
  const dark = isDark();
  const made = button(
    t(dark ? "app.light" : "app.dark"),
    () => {
      const next = dark ? "light" : "dark";
      state.set("theme", next);
      document.documentElement.dataset.theme = next;
      const fresh = themeButton();
      made.replaceWith(fresh);
      fresh.focus();
    },
    { kind: "icon", icon: dark ? "sun" : "moon" },
  );
  return made;
}
