// The server is gone, or back: a quiet strip under the header that comes and goes by itself.
import { call, onFailure } from "./api.js";
import { clear, el, part } from "./dom.js";
import { onLanguage, t } from "./i18n.js";
import * as state from "./state.js";

const AGAIN_MS = 1500;
const LONGEST_MS = 10000;

/** Watch every request; when one gets no answer, ask for the server's health until there is one. */
export function watchConnection() {
  let tries = 0;
  let timer = 0;
  state.set("online", true);

  const draw = () => {
    const gone = !state.get("online");
    part("notice").hidden = !gone;
    clear(part("notice"), gone && [el("span", { class: "dot busy" }), el("span", { text: t("app.gone") })]);
  };
  const look = async () => {
    try {
      await call("GET", "/healthz");
      state.set("online", true);
      tries = 0;
      draw();
    } catch {
      tries += 1;
      wait();
    }
  };
  const wait = () => {
    clearTimeout(timer);
    timer = window.setTimeout(look, Math.min(LONGEST_MS, AGAIN_MS * 1.4 ** tries));
  };
  onFailure((error) => {
    if (error.code !== "offline" || !state.get("online")) return;
    state.set("online", false);
    draw();
    wait();
  });
  window.addEventListener("online", () => !state.get("online") && void look());
  onLanguage(draw);
}
