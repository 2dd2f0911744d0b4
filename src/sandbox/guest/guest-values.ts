/**
 * The part of the prelude that reads values of the program for a person: log lines, errors and what
 * they were made of. Every one may fight back with getters, proxies and cycles. The rules for
 * editing are those of `guest-prelude.ts`, whose names it uses.
 */
import { MAX_CAUSE_LENGTH } from "../run/guest-limits.ts";
import { STACK_OVERFLOW_MESSAGE } from "../run/run-ending.ts";

export const GUEST_VALUES = String.raw`
// ---- reading values that may fight back
function safeGet(object, key) {
  try { return object[key]; } catch (error) { return undefined; }
}
function safeText(object, key, limit) {
  const text = safeGet(object, key);
  return typeof text === "string" ? apply(slice, text, [0, limit]) : undefined;
}
function describeError(error) {
  return (safeText(error, "name", 200) ?? "Error") + ": " + (safeText(error, "message", 2000) ?? "");
}
// An error and what it was made of, nearest first: causes, and the first errors of an AggregateError.
function withCauses(error) {
  const found = { __proto__: null, length: 0 };
  function add(value) {
    if (value === undefined || value === null || found.length === 32) return;
    for (let i = 0; i < found.length; i++) if (found[i] === value) return;
    found[found.length++] = value;
  }
  add(error);
  for (let i = 0; i < found.length; i++) {
    const item = found[i];
    if (typeof item !== "object") continue;
    add(safeGet(item, "cause"));
    if (!isError(item)) continue;
    const errors = safeGet(item, "errors");
    try { if (isArray(errors)) for (let j = 0; j < 4 && j < errors.length; j++) add(errors[j]); } catch (unreadable) {}
  }
  return found;
}
function describeCause(item) {
  const cause = { __proto__: null, name: "NonError", message: undefined, stack: undefined, method: undefined };
  if (typeof item === "object") {
    cause.method = apply(weakMapGet, methodOf, [item]);
    const name = safeText(item, "name", ${MAX_CAUSE_LENGTH.name}), message = safeText(item, "message", ${MAX_CAUSE_LENGTH.message});
    cause.stack = safeText(item, "stack", ${MAX_CAUSE_LENGTH.stack});
    if (isError(item) || name !== undefined || message !== undefined) {
      cause.name = name || "Error";
      cause.message = message ?? "";
      return cause;
    }
  }
  cause.message = cut(show(item), ${MAX_CAUSE_LENGTH.message});
  return cause;
}
// A program can throw one like it; the worker looks at where it was made.
function isOverflow(item) {
  return isError(item) && getPrototypeOf(item) === RangePrototype && safeGet(item, "message") === "${STACK_OVERFLOW_MESSAGE}";
}
function format(value, depth, budget, ancestors) {
  if (budget.nodes-- <= 0) return "…";
  switch (typeof value) {
    case "string": return depth === 0 ? value : JSONstringify(value.length > 1000 ? apply(slice, value, [0, 1000]) + "…" : value);
    case "number": return value === 0 && 1 / value < 0 ? "-0" : ToString(value);
    case "bigint": return ToString(value) + "n";
    case "symbol": return apply(toFunctionString, value, []);
    case "function": {
      const name = safeText(value, "name", 100);
      return name ? "[function " + name + "]" : "[function]";
    }
    case "object": break;
    default: return ToString(value);
  }
  if (value === null) return "null";
  for (let node = ancestors; node !== null; node = node.parent) if (node.holder === value) return "[cycle]";
  if (isError(value)) return describeError(value);
  const list = isArray(value);
  if (depth > 4) return list ? "[array]" : "[object]";
  const here = { __proto__: null, holder: value, parent: ancestors };
  if (!list) {
    const prototype = getPrototypeOf(value);
    if (prototype === MapPrototype) return "Map(" + apply(mapSize, value, []) + ")";
    if (prototype === SetPrototype) return "Set(" + apply(setSize, value, []) + ")";
    if (prototype === PromisePrototype) return "[promise]";
  }
  let text = list ? "[" : "{";
  const keys = list ? null : ownKeys(value);
  const length = list ? value.length : keys.length;
  let written = 0;
  for (let i = 0; i < length; i++) {
    const key = list ? i : keys[i];
    if (typeof key === "symbol") continue;
    const property = getOwnPropertyDescriptor(value, key);
    if (!list && (property === undefined || !property.enumerable)) continue;
    if (written === 100 || budget.nodes <= 0) { text += ", …"; break; }
    if (written++ > 0) text += ",";
    if (!list) text += JSONstringify(key) + ":";
    if (property === undefined) text += "undefined";
    else text += property.get !== undefined || property.set !== undefined ? "[getter]" : format(property.value, depth + 1, budget, here);
  }
  return text + (list ? "]" : "}");
}
function show(value) {
  try { return format(value, 0, { __proto__: null, nodes: 1000 }, null); }
  catch (error) { return "[unreadable " + typeof value + "]"; }
}`;
