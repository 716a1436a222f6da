"use strict";
// Shows /openapi.json. Whatever it says is put into the page as text, never as markup.

let api = {};

/** A new element; a string among the children is text. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

/** Text in which `code` stands between backticks. */
function prose(text) {
  return String(text).split("`").map((piece, at) => (at % 2 ? make("code", {}, piece) : piece));
}

/** What a reference refers to. */
function resolved(part) {
  let target = part;
  while (target?.$ref) {
    const keys = target.$ref.slice(2).split("/");
    target = keys.reduce((at, key) => at?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], api);
  }
  return target ?? {};
}

const nameOf = (schema) => schema.$ref?.split("/").pop();

/** A schema in a few words. */
function typeOf(schema) {
  if (schema.$ref) return nameOf(schema);
  if (schema.anyOf && !schema.properties) return [...new Set(schema.anyOf.map(typeOf))].join(" | ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.contentSchema) return `JSON: ${typeOf(schema.contentSchema)}`;
  const words = [].concat(schema.type ?? "any").map((type) => {
    if (type === "array") return `[${schema.items ? typeOf(schema.items) : "any"}]`;
    if (type === "object" && typeof schema.additionalProperties === "object") return `{name: ${typeOf(schema.additionalProperties)}}`;
    return type;
  });
  const least = schema.minimum ?? schema.exclusiveMinimum ?? schema.minLength;
  const most = schema.maximum ?? schema.exclusiveMaximum ?? schema.maxLength ?? schema.maxItems;
  const length = schema.maxLength || schema.minLength || schema.maxItems ? " long" : "";
  const bounds = [
    least === undefined ? "" : `${"exclusiveMinimum" in schema ? "above" : "from"} ${least}`,
    most === undefined ? "" : `${"exclusiveMaximum" in schema ? "below" : "to"} ${most}`,
  ].filter(Boolean);
  return words.join(" | ") + (bounds.length ? ` (${bounds.join(" ")}${length})` : "");
}

/** An optional member without its null, which says no more than its absence. */
function given(schema) {
  if (Array.isArray(schema.type)) return { ...schema, type: schema.type.filter((type) => type !== "null" || schema.type.length === 1) };
  if (schema.anyOf) return { ...schema, anyOf: schema.anyOf.filter((one) => one.type !== "null") };
  return schema;
}

/** The schemas with members that are found in a schema, without those of references. */
function shapes(schema) {
  if (schema.$ref) return [];
  if (schema.properties) return [schema];
  return [...(schema.anyOf ?? []), schema.items ?? [], schema.contentSchema ?? []].flat().flatMap(shapes);
}

/** A table of a schema's members; members of members open on a click. */
function members(schema) {
  const rows = Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const required = schema.required?.includes(name);
    const row = make(
      "tr",
      {},
      make("td", {}, make("code", { className: required ? "required" : "" }, name)),
      make("td", {}, linked(required ? member : given(member))),
      make("td", {}, "default" in member ? make("code", {}, JSON.stringify(member.default)) : ""),
      make("td", {}, ...prose(member.description ?? "")),
    );
    const inner = shapes(member).map(membersBlock);
    return inner.length ? [row, make("tr", { className: "inner" }, make("td", { colSpan: 4 }, ...inner))] : [row];
  });
  const titles = ["name", "value", "default", "meaning"].map((title) => make("th", { scope: "col" }, title));
  return make("table", {}, make("thead", {}, make("tr", {}, ...titles)), make("tbody", {}, ...rows));
}

/** The members of a member. Which of several shapes it is, is told by what may only be a few words. */
function membersBlock(shape) {
  const [name, member] = Object.entries(shape.properties).find(([, one]) => one.enum || "const" in one) ?? [];
  const summary = make("summary", { className: "quiet" }, name ? `members, with ${name} ${typeOf(member)}` : "members");
  const details = make("details", {}, summary);
  details.addEventListener("toggle", () => details.children.length > 1 || details.append(make("div", {}, members(shape))));
  return details;
}

/** A schema in words, with links to the schemas that it names. */
function linked(schema) {
  const words = typeOf(schema).split(/([A-Za-z0-9._-]+)/);
  const known = api.components?.schemas ?? {};
  return make("span", { className: "type" }, ...words.map((word) => (word in known ? make("a", { href: `#schema-${word}` }, word) : word)));
}

/** Everything about a schema. */
function described(schema) {
  const whole = schema.anyOf && !schema.$ref ? schema.anyOf : [schema];
  return make("div", {}, ...whole.flatMap((one) => {
    const target = resolved(one);
    const title = nameOf(one) ? make("p", {}, linked(one)) : "";
    const text = target.description ? make("p", {}, ...prose(target.description)) : "";
    return [title, text, target.properties ? members(target) : make("p", {}, linked(target))].filter(Boolean);
  }));
}

function block(id, summary, fill) {
  const body = make("div");
  const details = make("details", { className: "block", id }, make("summary", {}, ...summary), body);
  details.addEventListener("toggle", () => body.children.length || body.append(...fill().filter(Boolean)));
  return details;
}

function operationBlock(path, method, item, operation) {
  const verb = make("span", { className: `verb ${method}` }, method.toUpperCase());
  const url = (item.servers ?? api.servers)[0].url.replace(/\/$/, "") + path;
  return block(`${method}-${path}`, [verb, make("code", {}, url), ` ${operation.summary ?? ""}`], () => {
    const content = operation.requestBody?.content ?? {};
    const body = content["application/json"];
    const [media, taken] = Object.entries(content)[0] ?? [];
    const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
    return [
      operation.description ? make("p", {}, ...prose(operation.description)) : null,
      body || !media ? attempt(method, url, parameters, body) : null, // a form or bytes are for other tools
      media ? make("h3", {}, `Request, ${media}`) : null,
      media ? described(taken.schema ?? {}) : null,
      make("h3", {}, "Responses"),
      ...Object.entries(operation.responses).map(([status, response]) => responseBlock(status, resolved(response))),
    ];
  });
}

function responseBlock(status, response) {
  const about = make("div", {}, make("code", {}, status), " ", ...prose(response.description ?? ""));
  for (const [media, content] of Object.entries(response.content ?? {})) {
    about.append(make("div", { className: "quiet" }, make("code", {}, media), " ", linked(content.schema ?? {})));
  }
  return about;
}

/** A form that sends the request and shows the answer as it comes. */
function attempt(method, url, parameters, body) {
  const input = body ? make("textarea", { value: JSON.stringify(body.example ?? {}, null, 2), spellcheck: false }) : null;
  input?.setAttribute("aria-label", "Request body, JSON");
  const fields = parameters.map((parameter) => make("input", { placeholder: parameter.name, name: parameter.name, title: parameter.name }));
  const send = make("button", { className: "send", type: "button" }, "Send");
  const stop = make("button", { type: "button", disabled: true }, "Stop");
  const state = make("span", { className: "quiet", role: "status" });
  const text = make("pre", { className: "text" });
  const raw = make("pre", { className: "raw" });
  let cancel = null;
  send.addEventListener("click", async () => {
    cancel = new AbortController();
    [send.disabled, stop.disabled] = [true, false];
    try {
      const filled = fields.reduce((at, field) => at.replace(`{${field.name}}`, encodeURIComponent(field.value)), url);
      const query = new URLSearchParams(parameters.flatMap(({ in: place, name }, at) => (place === "query" ? [[name, fields[at].value]] : [])));
      await exchange(query.size ? `${filled}?${query}` : filled, { method: method.toUpperCase(), signal: cancel.signal, body: input?.value }, { state, text, raw });
    } catch (error) {
      state.append(` ${error.name === "AbortError" ? "stopped" : error.message}`);
    } finally {
      [send.disabled, stop.disabled] = [false, true];
    }
  });
  stop.addEventListener("click", () => cancel?.abort());
  const row = make("div", { className: "row" }, ...fields, input ? modelChoice(body.schema, input) : "", send, stop, state);
  return make("section", {}, make("h3", {}, "Try it"), input ?? "", row, text, raw);
}

/** A choice among the models of a request, which is written into its body. */
function modelChoice(schema, input) {
  const kinds = (schema.anyOf ?? [schema]).map(resolved);
  const names = kinds.flatMap((kind) => kind.properties?.model?.enum ?? []);
  if (names.length < 2) return "";
  const choice = make("select", { title: "model" }, ...names.map((name) => make("option", { value: name }, name)));
  choice.addEventListener("change", () => {
    try {
      input.value = JSON.stringify({ ...JSON.parse(input.value), model: choice.value }, null, 2);
    } catch {
      input.focus(); // it is no JSON now, and stays as it was typed
    }
  });
  return choice;
}

async function exchange(url, request, { state, text, raw }) {
  text.textContent = raw.textContent = "";
  state.textContent = "waiting ...";
  state.className = "quiet";
  const began = performance.now();
  const passed = () => `${Math.round(performance.now() - began)} ms`;
  const headers = request.body === undefined ? {} : { "Content-Type": "application/json" };
  const response = await fetch(url, { ...request, headers });
  const told = `${response.status} ${response.statusText}, begun after ${passed()}`;
  state.textContent = told;
  state.className = response.ok ? "quiet" : "bad";
  const said = new Said(text);
  const streamed = response.headers.get("content-type")?.startsWith("text/event-stream");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    pending += piece.value;
    if (!streamed) continue;
    const events = pending.split("\n\n");
    pending = events.pop();
    for (const event of events) {
      raw.append(`${event}\n`);
      for (const line of event.split("\n")) if (line.startsWith("data: {")) said.add(JSON.parse(line.slice(6)));
    }
  }
  if (!streamed) raw.textContent = pretty(pending, said);
  state.textContent = `${told}, ended after ${passed()}`;
}

function pretty(text, said) {
  try {
    const value = JSON.parse(text);
    said.add(value);
    return JSON.stringify(value, null, 2);
  } catch {
    return text;
  }
}

/** The text of an answer's choices, however it comes. */
class Said {
  constructor(element) {
    this.element = element;
    this.texts = new Map();
  }

  add(answer) {
    for (const choice of answer.choices ?? []) {
      const part = choice.delta ?? choice.message ?? { content: choice.text };
      const said = (part.reasoning_content ?? "") + (part.content ?? "");
      if (said) this.texts.set(choice.index, (this.texts.get(choice.index) ?? "") + said);
    }
    const several = this.texts.size > 1;
    this.element.textContent = [...this.texts].map(([index, said]) => (several ? `${index}: ${said}` : said)).join("\n\n");
  }
}

function show() {
  document.getElementById("version").textContent = `${api.info.version}, OpenAPI ${api.openapi}`;
  document.getElementById("description").append(...prose(api.info.description ?? ""));
  const servers = api.servers.map((server) => server.url);
  document.getElementById("servers").textContent = `served under ${servers.join(" and ")}`;
  const [nav, content] = [document.getElementById("operations"), document.getElementById("content")];
  const tags = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of ["get", "put", "post", "delete", "patch"]) {
      const operation = item[method];
      if (!operation) continue;
      const tag = operation.tags?.[0] ?? "Other";
      tags.set(tag, [...(tags.get(tag) ?? []), [path, method, item, operation]]);
    }
  }
  content.replaceChildren();
  for (const [tag, operations] of tags) {
    nav.append(make("h2", {}, tag));
    content.append(make("h2", {}, tag));
    for (const operation of operations) {
      const [path, method] = operation;
      const verb = make("span", { className: `verb ${method}` }, method.toUpperCase());
      nav.append(make("a", { href: `#${method}-${path}` }, verb, path));
      content.append(operationBlock(...operation));
    }
  }
  nav.append(make("h2", {}, "Schemas"));
  content.append(make("h2", {}, "Schemas"));
  for (const [name, schema] of Object.entries(api.components?.schemas ?? {})) {
    nav.append(make("a", { href: `#schema-${name}` }, name));
    content.append(block(`schema-${name}`, [make("code", {}, name)], () => [described(schema)]));
  }
}

/** Opens the block that the address names. */
function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches("details")) target.open = true;
  target?.scrollIntoView();
}

async function start() {
  try {
    const response = await fetch("openapi.json");
    if (!response.ok) throw new Error(`openapi.json: ${response.status}`);
    api = await response.json();
    show();
    open();
    addEventListener("hashchange", open);
  } catch (error) {
    document.getElementById("state")?.replaceChildren(`The page cannot be shown: ${error.message}`);
  }
}

start();
