import fc from "fast-check";
import { expect, test } from "vitest";
import { GUEST_FETCH } from "./guest-fetch.ts";

interface Conversions {
  toBase64(bytes: Uint8Array): string;
  fromBase64(text: string): Uint8Array;
  utf8Bytes(text: string): Uint8Array;
  utf8Text(bytes: Uint8Array): string;
}

/** The text as an engine evaluates it that has no base64 of its own. */
function conversions(): Conversions {
  const natives = /^const nativeToBase64 = .*$/m;
  expect(GUEST_FETCH).toMatch(natives);
  const source = GUEST_FETCH.replace(
    natives,
    "const nativeToBase64 = undefined, nativeFromBase64 = undefined;",
  );
  const prelude =
    "const { apply, ownKeys, getOwnPropertyDescriptor, getPrototypeOf, defineProperty } = Reflect; const { slice } = String.prototype;";
  // oxlint-disable-next-line no-implied-eval -- the guest's own source text is what is tested
  const make = new Function(
    `"use strict"; ${prelude} ${source}; return { toBase64, fromBase64, utf8Bytes, utf8Text };`,
  );
  return make() as Conversions;
}

test("bytes and texts become each other as Node has it", () => {
  const { toBase64, fromBase64, utf8Bytes, utf8Text } = conversions();
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const base64 = Buffer.from(bytes).toString("base64");
      expect(toBase64(bytes)).toBe(base64);
      expect(fromBase64(base64)).toEqual(bytes);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const bytes = new Uint8Array(Buffer.from(text));
      expect(new Uint8Array(utf8Bytes(text))).toEqual(bytes);
      expect(utf8Text(bytes)).toBe(new TextDecoder().decode(bytes));
    }),
  );
});

test("bytes that are no UTF-8 are no text", () => {
  const { utf8Text } = conversions();
  const isUtf8 = (bytes: Uint8Array): boolean => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 }), (bytes) => {
      if (isUtf8(bytes)) expect(() => utf8Text(bytes)).not.toThrow();
      else expect(() => utf8Text(bytes)).toThrow(URIError);
    }),
    { numRuns: 1000 },
  );
});
