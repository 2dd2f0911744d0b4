import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, deepFreeze, findJsonDefect, preview } from "./json.ts";
import type { JsonValue } from "./json.ts";

const json = fc.jsonValue({ noUnicodeString: false }) as fc.Arbitrary<JsonValue>;

describe("canonicalJson", () => {
  test("sorts members by UTF-16 code unit and prints numbers as ECMAScript does (RFC 8785, 3.2.3 and Appendix B)", () => {
    expect(
      canonicalJson({
        "\u20ac": 1,
        "\r": 2,
        "1": 3,
        "\u0080": 4,
        "\u{1f600}": 5,
        "\ufb33": 6,
        ö: 7,
      }),
    ).toBe('{"\\r":2,"1":3,"\u0080":4,"ö":7,"€":1,"😀":5,"\ufb33":6}');
    expect(canonicalJson([333333333.3333333, 1e30, 4.5, 2e-3, 1e-27, -0])).toBe(
      "[333333333.3333333,1e+30,4.5,0.002,1e-27,0]",
    );
  });

  test("reads back as the value it was made from", () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        expect(JSON.stringify(JSON.parse(text))).toBe(
          JSON.stringify(JSON.parse(canonicalJson(JSON.parse(text) as JsonValue))),
        );
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("is the same for the same value in any order of members", () => {
    const shuffle = (value: JsonValue): JsonValue => {
      if (Array.isArray(value)) return value.map(shuffle);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([key, member]) => [key, shuffle(member)]),
      );
    };
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(shuffle(value))).toBe(canonicalJson(value));
      }),
    );
  });
});

describe("findJsonDefect", () => {
  test("finds nothing in any JSON", () => {
    fc.assert(
      fc.property(json, (value) => {
        fc.pre(!JSON.stringify(value).includes("__proto__"));
        expect(findJsonDefect(value, { surrogates: "allow" })).toBeUndefined();
      }),
    );
  });

  test("names what is no JSON and where", () => {
    const shared = { a: 1 };
    expect(findJsonDefect({ a: shared, b: shared })).toBeUndefined();
    expect(findJsonDefect({ a: undefined })).toBeUndefined();
    expect(findJsonDefect([undefined])).toEqual({ path: "[0]", found: "undefined" });
    expect(findJsonDefect({ a: [{ b: new Date(0) }] })).toEqual({
      path: "a[0].b",
      found: "an instance of Date",
    });
    expect(findJsonDefect({ a: Number.NaN })).toEqual({ path: "a", found: "NaN" });
    expect(findJsonDefect({ a: Symbol("s") })).toEqual({ path: "a", found: "a symbol" });
    expect(findJsonDefect({ "\udc00": 1 })).toEqual({
      path: "\udc00",
      found: "a key with a lone surrogate",
    });
  });

  test("stops at nesting that would overflow a stack", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(findJsonDefect(deep)?.found).toBe("nesting deeper than 256");
  });
});

test("deepFreeze freezes what is inside", () => {
  const value = deepFreeze({ a: [{ b: 1 }] });
  expect(() => {
    (value.a[0] as { b: number }).b = 2;
  }).toThrow(TypeError);
});

test("preview is short and never throws", () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      expect(preview(value).length).toBeLessThanOrEqual(60);
    }),
  );
  const hostile = {
    toJSON() {
      throw new Error("no");
    },
  };
  expect(preview(hostile)).toBe("a object");
});
