// What is right and wrong with this server, in one line each, with what to do about it.
import { el } from "./dom.js";
import { has, t } from "./i18n.js";
import { copyButton } from "./system_copy.js";

/**
 * @typedef {{level: "good" | "warn" | "bad", text: string, fix: string, command: string}} Finding
 */

/** The words that a finding's grade may have. @type {Record<string, Finding["level"]>} */
const LEVELS = { ok: "good", warning: "warn", failure: "bad" };
const ORDER = { bad: 0, warn: 1, good: 2 };

/**
 * What the doctor says and whether the server can work, worst first.
 * @param {any} doctor
 * @returns {Finding[]}
 */
export function findingsOf(doctor) {
  /** @type {Finding[]} */
  const told = (doctor?.checks ?? []).map(toldBy);
  const checks = Object.entries(doctor?.readiness ?? {}).map(([name, check]) => checked(name, check));
  /** @type {Finding[]} */
  const broken = (doctor?.broken_engines ?? []).map((/** @type {string} */ name) => ({
    level: "warn", text: t("system.engine_broken", { name }), fix: t("system.engine_broken_fix"), command: "",
  }));
  return [...told, ...checks, ...broken].sort((one, other) => ORDER[one.level] - ORDER[other.level]);
}

/** @param {{status: string, title: string, seen: string, fix: string | null}} finding @returns {Finding} */
function toldBy(finding) {
  const level = LEVELS[finding.status] ?? "warn";
  const command = /`([^`]+)`/.exec(finding.fix ?? "")?.[1] ?? "";
  return { level, text: t("system.seen", finding), fix: (finding.fix ?? "").replaceAll("`", ""), command };
}

/** @param {string} name @param {any} check @returns {Finding} */
function checked(name, check) {
  const key = `system.check_${name}_${check.ok ? "good" : "bad"}`;
  const text = has(key) ? t(key) : `${name}: ${check.detail ?? ""}`;
  const fix = check.ok || !has(`system.check_${name}_fix`) ? "" : t(`system.check_${name}_fix`);
  return { level: check.ok ? "good" : "bad", text, fix, command: "" };
}

/** @param {Finding[]} findings */
export function findingsList(findings) {
  const good = findings.filter((finding) => finding.level === "good");
  const others = findings.filter((finding) => finding.level !== "good");
  return [
    others.length ? listOf(others) : null,
    el("details", { class: "fine" }, el("summary", { text: t("system.fine", { n: good.length }) }), listOf(good)),
  ];
}

/** @param {Finding[]} findings */
function listOf(findings) {
  return el("ul", { class: "findings" }, findings.map((finding) =>
    el("li", null,
      el("span", { class: `dot ${finding.level}` }),
      el("span", { class: "unseen", text: t(`system.level_${finding.level}`) }),
      el("div", null,
        el("p", { text: finding.text }),
        finding.fix ? el("p", { class: "muted", text: finding.fix }) : null,
        finding.command ? el("p", { class: "row" }, el("code", { text: finding.command }), copyButton(() => finding.command)) : null)),
  ));
}

/** One sentence for all of them. @param {Finding[]} findings */
export function summaryOf(findings) {
  const bad = findings.filter((finding) => finding.level === "bad").length;
  const warned = findings.filter((finding) => finding.level === "warn").length;
  if (bad) return { level: "bad", text: t("system.sum_bad", { n: bad }) };
  return warned ? { level: "warn", text: t("system.sum_warn", { n: warned }) } : { level: "good", text: t("system.sum_good") };
}
