// The system: what this server is, what is wrong with it, its models and keys, and how programs call it.
import * as api from "./api.js";
import { button, clear, el } from "./dom.js";
import { explain } from "./errors.js";
import { t } from "./i18n.js";
import { complain } from "./library_delete.js";
import * as state from "./state.js";
import { callPart } from "./system_call.js";
import { factsList } from "./system_facts.js";
import { findingsList, findingsOf, summaryOf } from "./system_findings.js";
import { keysPart } from "./system_keys.js";
import { modelsPart } from "./system_models.js";

/** Between two looks at the numbers, in ms; findings and models every so many of them. */
const LOOK_MS = 4000;
const SELDOM = 3;

/**
 * @param {HTMLElement} root
 * @param {object} _params
 * @returns {() => void}
 */
export function mount(root, _params) {
  const summary = el("p", { class: "summary" });
  const findings = holder();
  const facts = holder();
  const models = holder();
  const keys = holder();
  const call = holder();
  const support = holder();
  const page = el("div", { class: "system" },
    el("header", { class: "system-head" }, el("h1", { text: t("app.system") }), summary),
    part("findings", findings), part("server", facts), part("models", models), part("call", call), part("keys", keys), part("support", support));
  root.append(page);
  /** @type {(() => void)[]} */
  const stops = [];
  let over = false;
  let timer = 0;
  let turn = 0;
  let shelf = /** @type {ReturnType<typeof modelsPart> | null} */ (null);
  let drawn = "";

  const look = async () => {
    if (!document.hidden) {
      if (turn % SELDOM === 0) await Promise.all([examine(), shelf?.again()]);
      await measure();
      turn += 1;
    }
    if (!over) timer = window.setTimeout(look, LOOK_MS);
  };
  const measure = () => attempt(facts, async () => {
    const system = await api.system();
    if (over) return;
    state.set("system", system);
    clear(facts, factsList(system));
  });
  const examine = () => attempt(findings, async () => {
    const found = findingsOf(await api.doctor());
    const sum = summaryOf(found);
    const key = JSON.stringify(found);
    if (over || key === drawn) return;
    drawn = key;
    clear(summary, el("span", { class: `dot ${sum.level}` }), el("span", { text: sum.text }));
    clear(findings, findingsList(found));
  });
  const start = async () => {
    const [session, listed] = await Promise.all([
      api.session().catch(() => ({ auth: "none" })),
      api.keys.list().catch((problem) => problem),
    ]);
    if (over) return;
    const isOperator = Array.isArray(listed?.data);
    const mayManage = isOperator || listed?.status !== 403;
    shelf = modelsPart(mayManage, () => state.get("system")?.space ?? null);
    clear(models, !mayManage && el("p", { class: "muted", text: t("system.models_operator") }), shelf.node);
    clear(keys, isOperator ? keysPart(listed.data) : el("p", { class: "muted", text: keysElse(listed) }));
    clear(support, mayManage ? bundle() : el("p", { class: "muted", text: t("system.bundle_operator") }));
    const example = callPart(session.auth !== "none");
    clear(call, example.node);
    stops.push(shelf.stop, example.stop);
    await look();
  };
  void start();

  return () => {
    over = true;
    clearTimeout(timer);
    stops.forEach((stop) => stop());
  };
}

function holder() {
  return el("div", { class: "part-body" }, el("p", { class: "muted late", text: t("app.loading") }));
}

/** @param {string} name @param {HTMLElement} body */
function part(name, body) {
  const id = `system-${name}`;
  return el("section", { class: "part", "aria-labelledby": id }, el("h2", { id, text: t(`system.${name}`) }), body);
}

/** Do it; say calmly in its place that it failed, unless something is shown there already.
 * @param {HTMLElement} place @param {() => Promise<void>} work */
async function attempt(place, work) {
  try {
    await work();
  } catch (problem) {
    const said = explain(problem);
    if (place.querySelector(".late, .failed")) {
      clear(place, el("p", { class: "failed muted", text: `${said.message} ${said.hint}` }));
    }
  }
}

/** Why no keys are shown. @param {any} problem */
function keysElse(problem) {
  return problem?.status === 403 ? t("keys.operator") : explain(problem).message;
}

function bundle() {
  const make = button(t("system.bundle_make"), () => void run(), { icon: "download" });
  const run = async () => {
    make.disabled = true;
    try {
      save(await api.supportBundle(), "unstill-support.zip");
    } catch (problem) {
      complain(problem);
    }
    make.disabled = false;
    make.focus();
  };
  return el("div", { class: "stack" }, el("p", { class: "muted", text: t("system.bundle_about") }), el("div", null, make));
}

/** @param {Blob} file @param {string} name */
function save(file, name) {
  const url = URL.createObjectURL(file);
  el("a", { href: url, download: name }).click();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
