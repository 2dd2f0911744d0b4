/**
 * The first part of the V8 prelude: what the engine has and QuickJS has not, what it does otherwise,
 * and what it lacks. It is guest source text and reads `nowMs` of the prelude around it.
 */
import { PRELUDE_FILE } from "../guest/guest-prelude.ts";

export const COMPATIBILITY = String.raw`
const { apply, construct } = Reflect;
const { defineProperty, setPrototypeOf } = Object;
const BigIntPrototype = BigInt.prototype;
function define(target, name, value) {
  defineProperty(target, name, { __proto__: null, value, writable: true, enumerable: false, configurable: true });
}

// ---- what reads real clocks, depends on the machine, or has no use in one realm
delete globalThis.WebAssembly;
delete globalThis.SharedArrayBuffer;
delete globalThis.Atomics;
delete globalThis.Intl;
delete globalThis.Temporal;
delete globalThis.ShadowRealm;
// The prelude tells the engine's own errors by this prototype; here no error has it.
define(globalThis, "InternalError", function InternalError() {});

// ---- errors. The engine calls a hook it finds on its own Error with the functions on the stack.
// Programs get another constructor in its place, so that a hook of theirs is never found.
const NativeError = Error;
const errorFunctions = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError];
function VirtualError(message, options) {
  return construct(NativeError, arguments, new.target === undefined ? VirtualError : new.target);
}
defineProperty(VirtualError, "name", { __proto__: null, value: "Error", configurable: true });
defineProperty(VirtualError, "length", { __proto__: null, value: 1, configurable: true });
defineProperty(VirtualError, "prototype", { __proto__: null, value: NativeError.prototype, writable: false });
define(NativeError.prototype, "constructor", VirtualError);
for (let i = 0; i < errorFunctions.length; i++) setPrototypeOf(errorFunctions[i], VirtualError);
if (typeof SuppressedError === "function") setPrototypeOf(SuppressedError, VirtualError);
const captureNative = NativeError.captureStackTrace;
define(VirtualError, "captureStackTrace", function captureStackTrace(target, above) {
  // The engine refuses proxies, and would give their traps more than a text.
  const holder = { __proto__: null };
  captureNative(holder, above === undefined ? captureStackTrace : above);
  define(target, "stack", holder.stack);
});
define(VirtualError, "stackTraceLimit", 10);
define(VirtualError, "isError", NativeError.isError ?? function isError(value) {
  if (typeof value !== "object" || value === null) return false;
  const prototype = NativeError.prototype;
  for (let at = value, i = 0; at !== null && i < 100; i++) {
    if (at === prototype) return true;
    at = Object.getPrototypeOf(at);
  }
  return false;
});
define(globalThis, "Error", VirtualError);
NativeError.stackTraceLimit = 40;
// The form of QuickJS: no first line, and nothing of this prelude.
defineProperty(NativeError, "prepareStackTrace", { __proto__: null, writable: false, configurable: false, value: function (error, sites) {
  let text = "";
  for (let i = 0; i < sites.length; i++) {
    const site = sites[i], file = site.getFileName();
    if (typeof file !== "string" || file === "${PRELUDE_FILE}") continue;
    text += "    at " + (site.getFunctionName() ?? "<anonymous>") + " (" + file + ":" + site.getLineNumber() + ":" + site.getColumnNumber() + ")\n";
  }
  return text;
} });

// ---- buffers of one length: memory that grows in its place is not counted by the engine
const NativeBuffer = ArrayBuffer, BufferPrototype = NativeBuffer.prototype;
function FixedBuffer(length) {
  if (new.target === undefined) throw new TypeError("Constructor ArrayBuffer requires 'new'");
  return construct(NativeBuffer, [length], new.target);
}
defineProperty(FixedBuffer, "name", { __proto__: null, value: "ArrayBuffer", configurable: true });
defineProperty(FixedBuffer, "prototype", { __proto__: null, value: BufferPrototype, writable: false });
defineProperty(FixedBuffer, Symbol.species, { __proto__: null, get() { return this; }, configurable: true });
define(FixedBuffer, "isView", NativeBuffer.isView);
define(BufferPrototype, "constructor", FixedBuffer);
delete BufferPrototype.resize;
define(globalThis, "ArrayBuffer", FixedBuffer);

// ---- a clock that only the prelude advances
const NativeDate = Date, DatePrototype = NativeDate.prototype;
function VirtualDate(year, month, date, hours, minutes, seconds, ms) {
  if (new.target === undefined) return apply(dateText, new NativeDate(nowMs), []);
  return construct(NativeDate, arguments.length === 0 ? [nowMs] : arguments, new.target);
}
defineProperty(VirtualDate, "name", { __proto__: null, value: "Date", configurable: true });
defineProperty(VirtualDate, "prototype", { __proto__: null, value: DatePrototype, writable: false });
define(VirtualDate, "now", function now() { return nowMs; });
define(VirtualDate, "parse", NativeDate.parse);
define(VirtualDate, "UTC", NativeDate.UTC);
define(DatePrototype, "constructor", VirtualDate);
define(globalThis, "Date", VirtualDate);

// ---- texts that are the same on every machine: no time zone names, no locale
const nativeDateText = DatePrototype.toString, nativeTimeText = DatePrototype.toTimeString, getTime = DatePrototype.getTime;
const indexOfText = String.prototype.indexOf, sliceText = String.prototype.slice;
const normalize = String.prototype.normalize, lower = String.prototype.toLowerCase, upper = String.prototype.toUpperCase;
const isoText = DatePrototype.toISOString, numberText = Number.prototype.toString, bigIntText = BigIntPrototype.toString;
const padStart = String.prototype.padStart, fullYear = DatePrototype.getFullYear;
function withoutZone(text) {
  const at = apply(indexOfText, text, [" ("]);
  return at < 0 ? text : apply(sliceText, text, [0, at]);
}
const dateText = function toString() { return withoutZone(apply(nativeDateText, this, [])); };
define(DatePrototype, "toString", dateText);
define(DatePrototype, "toTimeString", function toTimeString() { return withoutZone(apply(nativeTimeText, this, [])); });
function localeDate(date) {
  const iso = apply(sliceText, apply(isoText, date, []), [-19]);
  const year = apply(fullYear, date, []);
  return apply(sliceText, iso, [0, 2]) + "/" + apply(sliceText, iso, [3, 5]) + "/" + (year < 0 ? "-" : "") + apply(padStart, "" + (year < 0 ? -year : year), [4, "0"]);
}
function localeTime(date) {
  const clock = apply(sliceText, apply(isoText, date, []), [-13, -5]);
  const hours = +apply(sliceText, clock, [0, 2]);
  return apply(padStart, "" + (hours % 12 === 0 ? 12 : hours % 12), [2, "0"]) + apply(sliceText, clock, [2]) + (hours < 12 ? " AM" : " PM");
}
function dated(make) {
  return function () {
    const time = apply(getTime, this, []);
    return time - time !== 0 ? "Invalid Date" : make(this);
  };
}
define(DatePrototype, "toLocaleDateString", dated(localeDate));
define(DatePrototype, "toLocaleTimeString", dated(localeTime));
define(DatePrototype, "toLocaleString", dated(function (date) { return localeDate(date) + ", " + localeTime(date); }));
define(Number.prototype, "toLocaleString", function toLocaleString() { return apply(numberText, this, []); });
define(BigIntPrototype, "toLocaleString", function toLocaleString() { return apply(bigIntText, this, []); });
define(String.prototype, "localeCompare", function localeCompare(that) {
  const left = apply(normalize, this, []), right = apply(normalize, "" + that, []);
  return left < right ? -1 : left > right ? 1 : 0;
});
define(String.prototype, "toLocaleLowerCase", function toLocaleLowerCase() { return apply(lower, this, []); });
define(String.prototype, "toLocaleUpperCase", function toLocaleUpperCase() { return apply(upper, this, []); });

// ---- what QuickJS has beyond the language
const resolved = Promise.resolve(), then = Promise.prototype.then;
define(globalThis, "queueMicrotask", function queueMicrotask(callback) {
  if (typeof callback !== "function") throw new TypeError("not a function");
  apply(then, resolved, [function () { callback(); }]);
});
class DOMException extends VirtualError {
  #name;
  constructor(message = "", name = "Error") { super(message); this.#name = "" + name; }
  get name() { return this.#name; }
  get code() { return this.#name === "InvalidCharacterError" ? 5 : 0; }
}
define(globalThis, "DOMException", DOMException);
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const charCode = String.prototype.charCodeAt, fromCharCode = String.fromCharCode;
define(globalThis, "btoa", function btoa(data) {
  const text = "" + data;
  let encoded = "";
  for (let i = 0; i < text.length; i += 3) {
    let bits = 0;
    for (let j = 0; j < 3; j++) {
      const code = i + j < text.length ? apply(charCode, text, [i + j]) : 0;
      if (code > 255) throw new DOMException("String contains an invalid character", "InvalidCharacterError");
      bits = bits * 256 + code;
    }
    encoded += ALPHABET[bits >> 18] + ALPHABET[(bits >> 12) & 63] + (i + 1 < text.length ? ALPHABET[(bits >> 6) & 63] : "=") + (i + 2 < text.length ? ALPHABET[bits & 63] : "=");
  }
  return encoded;
});
define(globalThis, "atob", function atob(data) {
  const text = "" + data;
  let kept = "";
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character !== " " && character !== "\t" && character !== "\n" && character !== "\f" && character !== "\r") kept += character;
  }
  if (kept.length % 4 === 0 && kept[kept.length - 1] === "=") kept = apply(sliceText, kept, [0, kept[kept.length - 2] === "=" ? -2 : -1]);
  let decoded = "", bits = 0, count = 0;
  for (let i = 0; i < kept.length; i++) {
    const value = apply(indexOfText, ALPHABET, [kept[i]]);
    if (value < 0 || kept.length % 4 === 1) throw new DOMException("The string is not correctly encoded", "InvalidCharacterError");
    bits = ((bits & 4095) << 6) | value;
    count += 6;
    if (count >= 8) { count -= 8; decoded += fromCharCode((bits >> count) & 255); }
  }
  return decoded;
});
`;
