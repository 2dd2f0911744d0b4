/**
 * What a guest realm holds besides the language itself, as guest source text.
 *
 * It is evaluated once, before the snapshot every run starts from. It keeps pristine copies of the
 * functions it needs, so that nothing a program overrides can change how its context, result,
 * errors and host calls are encoded. It is not the security boundary: that is the WebAssembly
 * memory and the worker around it. A program that tricked it could only misreport itself.
 *
 * Rules for editing: no array or iterator protocol on shared prototypes (no for-of, no push, no
 * spread of arrays), records have a null prototype, and nothing internal is handed to the program.
 */

import { GUEST_FETCH } from "./guest-fetch.ts";
import { GUEST_VALUES } from "./guest-values.ts";
import {
  MAX_CAUSES,
  MAX_ERROR_LENGTH,
  MAX_JSON_DEPTH,
  MAX_NAME_LENGTH,
  MAX_PROGRESS_LENGTH,
  MAX_PATH_LENGTH,
  OPERATION,
  REFUSED,
  REFUSED_BY,
} from "../run/guest-limits.ts";

/** File name of the prelude in guest stack traces; frames of it are never shown. */
export const PRELUDE_FILE = "<host>";

/** Every answer is a key, so that none is looked up in a prototype. */
const LIMITS_BY_ANSWER = JSON.stringify(
  Object.fromEntries(
    Object.entries(REFUSED).map(([why, answer]) => [
      answer,
      REFUSED_BY[why as keyof typeof REFUSED] ?? null,
    ]),
  ),
);

export const GUEST_PRELUDE = String.raw`
(function (op) {
"use strict";
const JSONparse = JSON.parse, JSONstringify = JSON.stringify;
const { apply, ownKeys, getOwnPropertyDescriptor, getPrototypeOf, setPrototypeOf, defineProperty } = Reflect;
const { freeze } = Object;
const { isArray } = Array;
const isError = Error.isError;
const NativeError = Error, NativeTypeError = TypeError, NativePromise = Promise;
const ToString = String, dateNow = Date.now;
const indexOf = String.prototype.indexOf, slice = String.prototype.slice, isWellFormed = String.prototype.isWellFormed;
const toFunctionString = Symbol.prototype.toString;
const mapSize = getOwnPropertyDescriptor(Map.prototype, "size").get;
const setSize = getOwnPropertyDescriptor(Set.prototype, "size").get;
const MapPrototype = Map.prototype, SetPrototype = Set.prototype, PromisePrototype = Promise.prototype;
const weakSetAdd = WeakSet.prototype.add, weakSetHas = WeakSet.prototype.has;
const weakMapGet = WeakMap.prototype.get, weakMapSet = WeakMap.prototype.set;
// Errors made here: those of denied calls, and those of a limit with its name. A program can not add any.
const denied = new WeakSet(), limitOf = new WeakMap();
// The method of the host that an error came from.
const methodOf = new WeakMap();
const RangePrototype = RangeError.prototype;
const MAX_DEPTH = ${MAX_JSON_DEPTH};

// ---- what would hand out internals, or give a value JSON does not have
// The engine calls this hook with the functions on the stack, the prelude's own among them. Without
// its accessor nothing can set it; a property of that name means nothing to the engine.
delete Error.prepareStackTrace;
delete JSON.rawJSON;
delete JSON.isRawJSON;
// Only the engine makes these, so that its "out of memory" can be told from a program's.
const EnginePrototype = InternalError.prototype;
delete EnginePrototype.constructor;
delete globalThis.InternalError;

// ---- randomness: sfc32 (PractRand, Chris Doty-Humphrey), its state is given to every run
let s0 = 0, s1 = 0, s2 = 0, s3 = 1;
function random() {
  const t = (s0 + s1 + s3) | 0;
  s3 = (s3 + 1) | 0;
  s0 = s1 ^ (s1 >>> 9);
  s1 = (s2 + (s2 << 3)) | 0;
  s2 = ((s2 << 21) | (s2 >>> 11)) + t | 0;
  return (t >>> 0) / 4294967296;
}
defineProperty(Math, "random", { value: function random_() { return random(); }, writable: true, enumerable: false, configurable: true });
defineProperty(Math.random, "name", { value: "random", configurable: true });

// ---- JSON with nothing silently changed
let lastDefect = null;
function throwDefect(path, found) {
  lastDefect = { __proto__: null, path, found };
  throw lastDefect;
}
function pathOf(node, key) {
  let path = "";
  while (node !== null) {
    if (key.length > ${MAX_PATH_LENGTH}) key = apply(slice, key, [0, ${MAX_PATH_LENGTH}]);
    const segment = isArray(node.holder) ? "[" + key + "]" : "." + key;
    path = segment + path;
    key = node.key;
    node = node.parent;
  }
  return cut(path[0] === "." ? apply(slice, path, [1]) : path, ${MAX_PATH_LENGTH});
}
function cut(text, length) {
  return text.length <= length ? text : apply(slice, text, [0, length - 1]) + "…";
}
function encode(value) {
  if (value === undefined) return "null";
  let top = null;
  const text = JSONstringify(value, function (key, item) {
    // Most values are these, and this function is most of what a large result costs.
    switch (typeof item) {
      case "string": case "boolean": case "undefined": return item;
      case "number": if (item - item === 0) return item; break;
      case "object": if (item === null) return item;
    }
    while (top !== null && top.holder !== this) top = top.parent;
    switch (typeof item) {
      case "number": throwDefect(pathOf(top, key), ToString(item));
      case "object": {
        for (let node = top; node !== null; node = node.parent)
          if (node.holder === item) throwDefect(pathOf(top, key), "a cycle");
        const depth = top === null ? 1 : top.depth + 1;
        if (depth > MAX_DEPTH) throwDefect("", "nesting deeper than " + MAX_DEPTH);
        const prototype = getPrototypeOf(item);
        if (prototype === MapPrototype) throwDefect(pathOf(top, key), "a Map");
        if (prototype === SetPrototype) throwDefect(pathOf(top, key), "a Set");
        if (prototype === PromisePrototype) throwDefect(pathOf(top, key), "a Promise that was not awaited");
        top = { __proto__: null, holder: item, key, parent: top, depth };
        return item;
      }
      case "bigint": throwDefect(pathOf(top, key), "a BigInt");
      default: throwDefect(pathOf(top, key), "a " + typeof item);
    }
  });
  // A toJSON that answers undefined is the one way left to have no text.
  return text === undefined ? "null" : text;
}

${GUEST_VALUES}

// The engine's own JSON.stringify keeps the objects it is inside of in an array, which setters on
// Array.prototype see; a report is written without it.
function textOf(value) {
  if (typeof value !== "object" || value === null) return JSONstringify(value);
  const keys = ownKeys(value);
  const list = isArray(value);
  let text = "";
  for (let i = 0; i < keys.length; i++) {
    if ((list && keys[i] === "length") || value[keys[i]] === undefined) continue;
    text += (text === "" ? "" : ",") + (list ? "" : JSONstringify(keys[i]) + ":") + textOf(value[keys[i]]);
  }
  return list ? "[" + text + "]" : "{" + text + "}";
}

// ---- console
let logRoom = 0, droppedLines = 0;
function logger(level) {
  const write = function (...values) {
    // Once the log is full the call only counts, and nobody is told before the end.
    if (logRoom === 0) { droppedLines++; return; }
    let text = "";
    for (let i = 0; i < values.length; i++) {
      text += (i === 0 ? "" : " ") + show(values[i]);
      if (text.length > logRoom) { text = undefined; break; }
    }
    logRoom = op(${OPERATION.log}, level, text);
  };
  defineProperty(write, "name", { value: level, configurable: true });
  return write;
}
defineProperty(globalThis, "console", {
  value: { log: logger("log"), debug: logger("debug"), info: logger("info"), warn: logger("warn"), error: logger("error") },
  writable: true, enumerable: false, configurable: true,
});

// ---- calls to the host
const pending = { __proto__: null };
let limits = { __proto__: null, hostCalls: 0, pendingHostCalls: 0, textBytes: 0, retainedBytes: 0 };
function callSite(error) {
  // Drops the prelude's own frames, so that the first frame is the line that called the host.
  let stack = safeGet(error, "stack");
  if (typeof stack !== "string") return "";
  for (;;) {
    const end = apply(indexOf, stack, ["\n"]);
    const at = apply(indexOf, stack, ["(${PRELUDE_FILE}:"]);
    if (at < 0 || end < 0 || at > end) return stack;
    stack = apply(slice, stack, [end + 1]);
  }
}
function makeError(name, message, code, site, method) {
  const error = new NativeError(message);
  apply(weakMapSet, methodOf, [error, method]);
  defineProperty(error, "name", { __proto__: null, value: name, writable: true, enumerable: false, configurable: true });
  if (code !== undefined) defineProperty(error, "code", { __proto__: null, value: code, writable: true, enumerable: true, configurable: true });
  defineProperty(error, "stack", { __proto__: null, value: callSite(site), writable: true, enumerable: false, configurable: true });
  return error;
}
const REFUSED_BY = ${LIMITS_BY_ANSWER};
function limitError(id, site, method) {
  if (id === ${REFUSED.malformed}) return makeError("TypeError", "The call is not one a host answers", undefined, site, method);
  const message = id === ${REFUSED.hostCalls}
    ? "A run may make " + limits.hostCalls + " calls to its host; make fewer, or raise limits.hostCalls"
    : id === ${REFUSED.textBytes}
    ? "The arguments of a host call may have at most " + limits.textBytes + " bytes; send less, or raise limits.resultBytes"
    : id === ${REFUSED.nameLength}
    ? "The name, id or URL of a host call may have at most ${MAX_NAME_LENGTH} characters; send a shorter one"
    : id === ${REFUSED.retainedBytes}
    ? "The arguments of waiting host calls and the answers a run got may have at most " + limits.retainedBytes + " bytes; send and ask for less, or raise limits.resultBytes"
    : "A run may have " + limits.pendingHostCalls + " host calls waiting at once; await some of them first, or raise limits.pendingHostCalls";
  const error = makeError("LimitError", message, "LIMIT_EXCEEDED", site, method);
  const limit = REFUSED_BY[id];
  if (limit !== null) apply(weakMapSet, limitOf, [error, limit]);
  return error;
}
function readableDefect(error, subject) {
  if (error === null || error !== lastDefect) return error;
  return new NativeTypeError(subject + " must be JSON, but " + (error.path === "" ? "they are" : error.path + " is") + " " + error.found);
}
function tool(name, args) { return start(${OPERATION.tool}, "tool", "the name of a tool", name, args); }
function skill(id, context, options) { return start(${OPERATION.skill}, "skill", "the id of a skill", id, context, options); }
function fetch(url, init) { return start(${OPERATION.fetch}, "fetch", "a URL text", url, withBytes(init)); }
${GUEST_FETCH}
function start(kind, method, what, name, args, options) {
  const site = new NativeError();
  return new NativePromise(function (resolve, reject) {
    if (typeof name !== "string")
      throw new NativeTypeError("host." + method + " expects " + what + " as its first argument, got " + (name === null ? "null" : typeof name));
    // UTF-8 can not carry a lone surrogate: the host would see another name.
    if (!apply(isWellFormed, name, [])) throw new NativeTypeError("host." + method + " expects " + what + " without lone surrogates");
    if (name.length > ${MAX_NAME_LENGTH}) { reject(limitError(${REFUSED.nameLength}, site, method)); return; }
    let json;
    // No JSON text has a line break, so one parts the two.
    try { json = options === undefined ? encode(args) : encode(args) + "\n" + encode(options); } catch (error) { throw readableDefect(error, "The arguments of host." + method); }
    const id = op(kind, name, json);
    if (id < 0) reject(limitError(id, site, method));
    else pending[id] = { __proto__: null, kind, method, resolve, reject, site };
  });
}
function sleep(ms) {
  const site = new NativeError();
  return new NativePromise(function (resolve, reject) {
    if (typeof ms !== "number" || !(ms >= 0)) throw new NativeTypeError("host.sleep expects a number of milliseconds, got " + show(ms));
    const id = op(${OPERATION.sleep}, "", ToString(ms));
    if (id < 0) reject(limitError(id, site, "sleep"));
    else pending[id] = { __proto__: null, method: "sleep", resolve, reject, site };
  });
}
function progress(fraction, message) {
  if (typeof fraction !== "number" || !(fraction >= 0 && fraction <= 1))
    throw new NativeTypeError("host.progress expects a fraction from 0 to 1, got " + show(fraction));
  if (message !== undefined && typeof message !== "string")
    throw new NativeTypeError("host.progress expects its message to be a string, got " + typeof message);
  const id = op(${OPERATION.progress}, message === undefined ? "" : cut(message, ${MAX_PROGRESS_LENGTH}), (message === undefined ? "0" : "1") + ToString(fraction));
  if (id < 0) throw limitError(id, new NativeError(), "progress");
}
const host = freeze({ tool, skill, fetch, progress, sleep });

// ---- a clock that only sleeping advances
let startedAt = 0;
defineProperty(globalThis, "performance", {
  value: freeze({ now() { return dateNow() - startedAt; } }),
  writable: true, enumerable: false, configurable: true,
});

// Shared memory and blocking waits have no use in one realm.
delete globalThis.SharedArrayBuffer;
delete globalThis.Atomics;

// ---- what the worker calls
let context;
return {
  __proto__: null,
  begin(r0, r1, r2, r3, hostCalls, pendingHostCalls, textBytes, retainedBytes, room, json) {
    s0 = r0; s1 = r1; s2 = r2; s3 = r3;
    startedAt = dateNow();
    limits = { __proto__: null, hostCalls, pendingHostCalls, textBytes, retainedBytes };
    logRoom = room;
    context = JSONparse(json);
  },
  invoke(namespace) {
    const main = namespace.default;
    if (typeof main !== "function")
      throw new NativeTypeError("Expected the default export to be a function (context, host) => result, got " + (main === undefined ? "no default export" : show(main)));
    const argument = context;
    context = undefined;
    return main(argument, host);
  },
  adopt(value) { return new NativePromise(function (resolve) { resolve(value); }); },
  settle(id, ok, json) {
    const call = pending[id];
    if (call === undefined) return;
    delete pending[id];
    let value;
    try { value = JSONparse(json); } catch (error) { call.reject(error); return; }
    if (ok) { call.resolve(call.kind === ${OPERATION.fetch} ? webReply(value) : value); return; }
    setPrototypeOf(value, null);
    const error = makeError(value.denied ? "CapabilityError" : value.name, value.message, value.code, call.site, call.method);
    if (value.denied) apply(weakSetAdd, denied, [error]);
    if (value.limit) apply(weakMapSet, limitOf, [error, value.limit]);
    call.reject(error);
  },
  encode,
  droppedLogLines() { return droppedLines; },
  report(error) {
    const report = { __proto__: null, kind: "error", name: "Error", message: "", denied: false, engine: false, causes: undefined };
    if (error !== null && error === lastDefect) {
      report.kind = "defect"; report.path = error.path; report.message = error.found;
      return textOf(report);
    }
    if (error === null || typeof error !== "object") {
      report.kind = error === null ? "null" : "value";
      report.name = "NonErrorThrown";
      report.message = "The skill threw " + apply(slice, show(error), [0, 2000]) + ", which is not an Error";
      return textOf(report);
    }
    const all = withCauses(error);
    report.causes = { __proto__: null };
    for (let i = 0; i < all.length; i++) {
      const item = all[i];
      if (apply(weakSetHas, denied, [item])) report.denied = true;
      if (report.limit === undefined) report.limit = apply(weakMapGet, limitOf, [item]) ?? (isOverflow(item) ? "stackBytes" : undefined);
      if (i > 0 && i <= ${MAX_CAUSES}) report.causes[i] = describeCause(item);
    }
    const name = safeText(error, "name", ${MAX_ERROR_LENGTH.name}), message = safeText(error, "message", ${MAX_ERROR_LENGTH.message});
    const real = isError(error);
    report.engine = real && getPrototypeOf(error) === EnginePrototype;
    if (real || name !== undefined || message !== undefined) {
      report.name = name === undefined || name === "" ? "Error" : name;
      report.message = message === undefined ? "" : message;
    } else {
      report.name = "NonErrorThrown";
      report.message = "The skill threw " + apply(slice, show(error), [0, 2000]) + ", which is not an Error";
    }
    report.method = apply(weakMapGet, methodOf, [error]);
    report.code = safeText(error, "code", ${MAX_ERROR_LENGTH.code});
    report.stack = safeText(error, "stack", ${MAX_ERROR_LENGTH.stack});
    return textOf(report);
  },
};
})
`;
