// What is right and wrong with this server, in one line each, with what to do about it.
import { el } from "./dom.js";
import { has, t } from "./i18n.js";
import { copyButton } from "./system_copy.js";

/**
 * @typedef {{level: "good" | "warn" | "bad", text: string, fix: string, command: string}} Finding
 */

/** The words that a finding's grade may have. @type {Record<string, Finding["level"]>} */
const LEVELS = {
  ok: "good", good: "good", info: "good", pass: "good", true: "good",
  warn: "warn", warning: "warn", notice: "warn",
  bad: "bad", error: "bad", fail: "bad", failed: "bad", critical: "bad", false: "bad",
};
const ORDER = { bad: 0, warn: 1, good: 2 };

/**
 * What the doctor says, worst first: its findings where it has them, and its checks.
 * @param {any} doctor
 * @returns {Finding[]}
 */
export function findingsOf(doctor) {
  /** @type {Finding[]} */
  const told = Array.isArray(doctor?.findings) ? doctor.findings.map(toldBy) : [];
  const checks = told.length ? [] : Object.entries(doctor?.checks ?? {}).map(([name, check]) => checked(name, check));
  /** @type {Finding[]} */
  const broken = (doctor?.broken_engines ?? []).map((/** @type {string} */ name) => ({
    level: "warn", text: t("system.engine_broken", { name }), fix: t("system.engine_broken_fix"), command: "",
  }));
  return [...told, ...checks, ...broken].sort((one, other) => ORDER[one.level] - ORDER[other.level]);
}

/** @param {any} finding @returns {Finding} */
function toldBy(finding) {
  const level = LEVELS[String(finding.level ?? finding.state ?? finding.severity ?? finding.ok)] ?? "warn";
  const text = finding.message ?? finding.title ?? finding.text ?? finding.detail ?? finding.code ?? "";
  return { level, text: String(text), fix: String(finding.fix ?? finding.hint ?? ""), command: String(finding.command ?? "") };
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
