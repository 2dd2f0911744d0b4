/**
 * The part of the prelude that makes `host.fetch` what code written for the web expects: bytes in a
 * request, and a reply that can be read as text, JSON or bytes. Only JSON crosses to the host, so
 * bytes travel as base64.
 *
 * It keeps to the prelude's rules for editing, and uses its pristine functions. Nothing in it is
 * enumerable on a reply: as a result or an argument a reply is its data.
 */
export const GUEST_FETCH = String.raw`
// ---- bytes and their texts
const NativeUint8Array = Uint8Array, typedArrayPrototype = getPrototypeOf(Uint8Array.prototype);
const typedArrayTag = getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag).get;
const byteCount = getOwnPropertyDescriptor(typedArrayPrototype, "length").get;
const bufferOf = getOwnPropertyDescriptor(typedArrayPrototype, "buffer").get;
const subarray = typedArrayPrototype.subarray;
const encodeUtf8 = encodeURIComponent, decodeUtf8 = decodeURIComponent;
const charCodeAt = String.prototype.charCodeAt, toLowerCase = String.prototype.toLowerCase;
// Engines that lack these two do the same more slowly.
const nativeToBase64 = Uint8Array.prototype.toBase64, nativeFromBase64 = Uint8Array.fromBase64;
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX = "0123456789ABCDEF";
const sextets = { __proto__: null }, hexDigits = { __proto__: null }, percentTexts = { __proto__: null };
for (let i = 0; i < 64; i++) sextets[BASE64[i]] = i;
for (let i = 0; i < 16; i++) hexDigits[HEX[i]] = i;
// Each byte as decodeURIComponent reads it.
for (let i = 0; i < 256; i++)
  percentTexts[i] = i < 128 && i !== 37 ? String.fromCharCode(i) : "%" + HEX[i >> 4] + HEX[i & 15];
function toBase64(bytes) {
  if (nativeToBase64 !== undefined) return apply(nativeToBase64, bytes, []);
  const count = apply(byteCount, bytes, []);
  let text = "";
  for (let i = 0; i < count; i += 3) {
    const bits = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += BASE64[bits >> 18] + BASE64[(bits >> 12) & 63]
      + (i + 1 < count ? BASE64[(bits >> 6) & 63] : "=") + (i + 2 < count ? BASE64[bits & 63] : "=");
  }
  return text;
}
function fromBase64(text) {
  if (nativeFromBase64 !== undefined) return apply(nativeFromBase64, NativeUint8Array, [text]);
  const padding = text[text.length - 2] === "=" ? 2 : text[text.length - 1] === "=" ? 1 : 0;
  const bytes = new NativeUint8Array((text.length / 4) * 3 - padding);
  for (let i = 0, at = 0; i < text.length; i += 4) {
    const bits = (sextets[text[i]] << 18) | (sextets[text[i + 1]] << 12) | (sextets[text[i + 2]] << 6) | sextets[text[i + 3]];
    bytes[at++] = bits >> 16; bytes[at++] = bits >> 8; bytes[at++] = bits;
  }
  return bytes;
}
function utf8Bytes(text) {
  const escaped = encodeUtf8(text), bytes = new NativeUint8Array(escaped.length);
  let count = 0;
  for (let i = 0; i < escaped.length; i++)
    if (escaped[i] === "%") bytes[count++] = (hexDigits[escaped[++i]] << 4) | hexDigits[escaped[++i]];
    else bytes[count++] = apply(charCodeAt, escaped, [i]);
  return apply(subarray, bytes, [0, count]);
}
function utf8Text(bytes) {
  const count = apply(byteCount, bytes, []);
  let escaped = "";
  for (let i = 0; i < count; i++) escaped += percentTexts[bytes[i]];
  const text = decodeUtf8(escaped);
  return text[0] === "\uFEFF" ? apply(slice, text, [1]) : text;
}

// ---- what a request may hold besides JSON
function withBytes(init) {
  const body = typeof init === "object" && init !== null ? safeGet(init, "body") : undefined;
  if (apply(typedArrayTag, body, []) !== "Uint8Array") return init;
  const copy = { __proto__: null }, keys = ownKeys(init);
  for (let i = 0; i < keys.length; i++) if (typeof keys[i] === "string") copy[keys[i]] = init[keys[i]];
  copy.body = { __proto__: null, base64: toBase64(body) };
  return copy;
}

// ---- what a reply does besides being data
function hide(object, key, value) {
  defineProperty(object, key, { __proto__: null, value, writable: true, enumerable: false, configurable: true });
}
function promiseOf(work) { return new NativePromise(function (resolve) { resolve(work()); }); }
function webReply(reply) {
  if (typeof reply !== "object" || reply === null || typeof reply.headers !== "object" || reply.headers === null) return reply;
  const { body, bodyBase64, headers } = reply;
  const values = { __proto__: null }, names = ownKeys(headers);
  for (let i = 0; i < names.length; i++) values[names[i]] = headers[names[i]];
  const read = function (name) { return values[apply(toLowerCase, ToString(name), [])]; };
  const readText = function () {
    if (typeof body === "string") return body;
    try { return utf8Text(fromBase64(bodyBase64)); }
    catch (error) { throw new NativeTypeError("The body is not UTF-8 text; read it with bytes()"); }
  };
  const readBytes = function () { return typeof body === "string" ? utf8Bytes(body) : fromBase64(bodyBase64); };
  hide(headers, "get", function get(name) { const value = read(name); return value === undefined ? null : value; });
  hide(headers, "has", function has(name) { return read(name) !== undefined; });
  hide(reply, "text", function text() { return promiseOf(readText); });
  hide(reply, "json", function json() { return promiseOf(function () { return JSONparse(readText()); }); });
  hide(reply, "bytes", function bytes() { return promiseOf(readBytes); });
  hide(reply, "arrayBuffer", function arrayBuffer() {
    return promiseOf(function () { return apply(bufferOf, new NativeUint8Array(readBytes()), []); });
  });
  return reply;
}`;
