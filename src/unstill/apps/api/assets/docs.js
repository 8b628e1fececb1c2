// Renders /openapi.json as a page. Everything is set as text, never as HTML.

/** @param {string} tag @param {(Node | string)[]} children @param {string} [name] */
function el(tag, children, name) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
}

/** @param {string[]} head @param {string[][]} rows */
function table(head, rows) {
  const body = rows.map((row) => el("tr", row.map((cell) => el("td", [cell]))));
  return el("table", [el("thead", [el("tr", head.map((h) => el("th", [h])))]), el("tbody", body)]);
}

/** @param {any} schema */
function kind(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(kind).join(" or ");
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return `list of ${kind(schema.items)}`;
  return [schema.type, schema.format].filter(Boolean).join(", ");
}

/** @param {string} path @param {string} method @param {any} call */
function operation(path, method, call) {
  const summary = el("summary", [el("code", [method.toUpperCase()], "method"), el("code", [path]), ` ${call.summary || ""}`]);
  const parts = [summary];
  if (call.description) parts.push(el("p", [call.description], "about"));
  if (call.parameters?.length) {
    const rows = call.parameters.map((p) => [p.name, p.in, kind(p.schema), p.description || ""]);
    parts.push(table(["Parameter", "In", "Kind", ""], rows));
  }
  for (const [type, content] of Object.entries(call.requestBody?.content || {})) {
    const needed = content.schema.required || [];
    const rows = Object.entries(content.schema.properties || {}).map(([name, s]) => [
      name, kind(s), needed.includes(name) ? "required" : "", s.description || "",
    ]);
    parts.push(table([type, "Kind", "", ""], rows));
  }
  const replies = Object.entries(call.responses || {}).map(([status, reply]) => [
    status, reply.description, Object.entries(reply.content || {}).map(([t, c]) => `${t}: ${kind(c.schema)}`).join(", "),
  ]);
  parts.push(table(["Status", "When", "Body"], replies));
  return el("details", parts);
}

const page = /** @type {HTMLElement} */ (document.getElementById("page"));
const api = await (await fetch("openapi.json")).json();
page.replaceChildren(el("h1", [`${api.info.title} ${api.info.version}`]), el("p", [api.info.description]));
const groups = new Map();
for (const [path, calls] of Object.entries(api.paths)) {
  for (const [method, call] of Object.entries(calls)) {
    const tag = call.tags?.[0] || "other";
    if (!groups.has(tag)) groups.set(tag, []);
    groups.get(tag).push(operation(path, method, call));
  }
}
for (const [tag, operations] of groups) page.append(el("section", [el("h2", [tag]), ...operations]));
