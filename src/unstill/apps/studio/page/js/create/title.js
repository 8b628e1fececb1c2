// How far the video is, in the tab: its title and its small picture.
import { part } from "../dom.js";
import { t } from "../i18n.js";

const PLAIN = "/assets/favicon.svg";
let drawn = -1;

/** @param {number | null} percent null where nothing is being made */
export function showInTab(percent) {
  if (percent === null) {
    if (drawn >= 0) icon().href = PLAIN;
    drawn = -1;
    document.title = "unstill";
    return;
  }
  const whole = Math.floor(percent);
  document.title = `${t("run.percent", { n: whole })} · unstill`;
  if (whole === drawn) return;
  drawn = whole;
  icon().href = `data:image/svg+xml,${encodeURIComponent(ring(whole))}`;
}

/** Say in the title that something is done, until somebody looks. @param {string} text */
export function callInTab(text) {
  showInTab(null);
  if (!document.hidden) return;
  document.title = `● ${text}`;
  document.addEventListener("visibilitychange", () => showInTab(null), { once: true });
}

function icon() {
  return /** @type {HTMLLinkElement} */ (part("favicon"));
}

/** @param {number} percent */
function ring(percent) {
  const round = 2 * Math.PI * 12;
  const circle = 'cx="16" cy="16" r="12" fill="none" stroke-width="6"';
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle ${circle} stroke="#9a948c" stroke-opacity=".45"/>` +
    `<circle ${circle} stroke="#d9472b" stroke-dasharray="${(round * percent) / 100} ${round}" transform="rotate(-90 16 16)"/></svg>`
  );
}
