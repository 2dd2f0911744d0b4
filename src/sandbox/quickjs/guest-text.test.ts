import fc from "fast-check";
import { expect, test } from "vitest";
import { utf8Bytes } from "../../base/json.ts";
import { readUtf8, writeUtf8 } from "./guest-text.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 100 }),
  fc.string({ unit: "grapheme", maxLength: 100 }),
  fc.stringMatching(/^[ -~]{40,60}$/),
);

test("a text is read as it was written, with nothing touched around it", () => {
  fc.assert(
    fc.property(text, fc.nat({ max: 8 }), (written, at) => {
      const length = utf8Bytes(written);
      const bytes = Buffer.alloc(at + length + 8, 0xaa);
      writeUtf8(bytes, at, written, length);
      const expected = Buffer.alloc(bytes.length, 0xaa);
      expected.set(new TextEncoder().encode(`${written}\0`), at);
      expect(bytes.equals(expected)).toBe(true);
      expect(readUtf8(bytes, at, length)).toBe(new TextDecoder().decode(Buffer.from(written)));
    }),
  );
});

test("bytes that are no UTF-8 are replaced, in short and in long texts", () => {
  const bytes = Buffer.from([0x61, 0xff, 0x62]);
  const long = Buffer.concat([Buffer.alloc(100, 0x61), bytes]);
  expect(readUtf8(bytes, 0, 3)).toBe("a�b");
  expect(readUtf8(long, 0, 103)).toBe(`${"a".repeat(101)}�b`);
});
