// The server in numbers: what it runs on, what is left, what waits, and who works.
import { el } from "./dom.js";
import { duration, has, number, size, t } from "./i18n.js";

/**
 * @param {any} system
 * @returns {HTMLElement}
 */
export function factsList(system) {
  const list = el("dl", { class: "facts" });
  /** @param {string} key @param {...import("./dom.js").Child} children */
  const row = (key, ...children) => list.append(el("dt", { text: t(`system.${key}`) }), el("dd", null, ...children));
  const { machine, space, queue } = system;
  row("device", el("p", { text: deviceOf(machine) }));
  row("memory", el("p", { text: memoryOf(machine) }));
  row("disk", meter(space.used, space.quota), el("p", { text: t("system.disk_used", { used: size(space.used), quota: size(space.quota) }) }),
    el("p", { class: "muted small", text: t("system.disk_free", { free: size(space.free), floor: size(space.floor) }) }));
  row("queue", el("p", { text: queueOf(queue) }),
    el("p", { class: "muted small", text: t("system.made", { done: queue.completed, failed: queue.failed }) }));
  if (system.workers.length) row("workers", el("ul", { class: "workers" }, system.workers.map(workerOf)));
  row("version", el("p", { text: `unstill ${system.version}` }),
    el("p", { class: "muted small", text: `Python ${system.python} · ${system.platform}` }),
    el("p", { class: "muted small", text: t("system.uptime", { time: duration(system.uptime_s) }) }));
  return list;
}

/** @param {any} machine */
function deviceOf(machine) {
  const cores = t("system.cores", { n: number(machine.cores) });
  if (machine.accelerator) return `${machine.accelerator.name} · ${cores}`;
  return machine.device === "cpu" ? t("system.cpu", { cores }) : `${machine.device} · ${cores}`;
}

/** @param {any} machine */
function memoryOf(machine) {
  const own = t("system.memory_free", { free: size(machine.memory_bytes) });
  const card = machine.accelerator;
  if (!card?.total_bytes) return own;
  return `${t("system.memory_card", { free: size(card.free_bytes), total: size(card.total_bytes) })} · ${own}`;
}

/** @param {any} queue */
function queueOf(queue) {
  if (!queue.queued && !queue.in_progress) return t("system.queue_empty");
  const parts = [];
  if (queue.in_progress) parts.push(t("system.queue_making", { n: queue.in_progress }));
  if (queue.queued) parts.push(t("system.queue_waiting", { n: queue.queued }));
  if (queue.queued && queue.oldest_wait_s >= 1) parts.push(t("system.queue_longest", { time: duration(queue.oldest_wait_s) }));
  return parts.join(" · ");
}

/** @param {any} worker */
function workerOf(worker) {
  const level = worker.state === "quarantined" ? "bad" : worker.state === "busy" ? "busy" : "good";
  const key = `system.worker_${worker.state}`;
  const what = has(key) ? t(key) : worker.state;
  const more = [];
  if (worker.peak_bytes) more.push(t("system.worker_peak", { size: size(worker.peak_bytes) }));
  if (worker.restarts) more.push(t("system.worker_restarts", { n: worker.restarts }));
  return el("li", null,
    el("span", { class: `dot ${level}` }),
    el("span", null,
      el("span", { text: `${worker.name}: ` }),
      worker.job_id ? el("a", { href: `#/v/${encodeURIComponent(worker.job_id)}`, text: what }) : what,
      more.length ? el("span", { class: "muted small", text: ` · ${more.join(" · ")}` }) : null));
}

/** A bar of how much of a whole is used. @param {number} used @param {number} whole */
function meter(used, whole) {
  const part = whole > 0 ? Math.min(1, used / whole) : 0;
  const bar = el("span", { class: part > 0.9 ? "meter full" : "meter", "aria-hidden": "true" });
  bar.style.setProperty("--part", `${(part * 100).toFixed(1)}%`);
  return bar;
}
