import { endless, failing } from "./attack.contract.ts";
import type { AttackFamily } from "./attack.contract.ts";

/** An engine may also refuse these at once: too long an array or text. */
const refusable = { expect: ["timeout", "error", "out-of-memory"] } as const;
const LONG = "{ length: 2 ** 53 - 1 }";

/** Loops in the engine's own functions, which look at no deadline. */
export const natives: AttackFamily = {
  name: "native functions",
  attacks: [
    ...["reverse", "indexOf", "lastIndexOf", "includes", "shift", "toString", "flat"].map(
      (method) =>
        endless(
          `Array.prototype.${method} of an immense object`,
          `Array.prototype.${method}.call(${LONG}${method === "toString" ? "" : ", 1"});`,
          {
            expect:
              method === "toString" || method === "flat"
                ? ["timeout", "error", "ok", "out-of-memory"]
                : ["timeout", "error", "ok"],
          },
        ),
    ),
    endless(
      "unshift of an immense object",
      `Array.prototype.unshift.call({ length: 2 ** 53 - 2 }, 1);`,
    ),
    endless(
      "splice of an immense object",
      `Array.prototype.splice.call(${LONG}, 0, 1);`,
      refusable,
    ),
    endless("copyWithin of an immense object", `Array.prototype.copyWithin.call(${LONG}, 1, 0);`),
    endless("fill of an immense object", `Array.prototype.fill.call(${LONG}, 1);`, refusable),
    endless(
      "sort of an immense object",
      "Array.prototype.sort.call({ length: 2 ** 32 - 2 });",
      refusable,
    ),
    endless(
      "toSorted of an immense object",
      "Array.prototype.toSorted.call({ length: 2 ** 32 - 2 });",
      refusable,
    ),
    endless("join of an immense array", "new Array(2 ** 32 - 1).join('');", refusable),
    endless("every of an immense object", `Array.prototype.every.call(${LONG}, () => true);`),
    endless(
      "reduceRight of an immense object",
      `Array.prototype.reduceRight.call(${LONG}, (a) => a, 0);`,
    ),
    endless(
      "concat of immense spreadables",
      "[].concat({ length: 2 ** 32, [Symbol.isConcatSpreadable]: true });",
      refusable,
    ),
    endless("Array.from of an immense object", "Array.from({ length: 2 ** 32 - 1 });", refusable),
    endless("apply with an immense list", `(() => 1).apply(null, ${LONG});`, refusable),
    endless(
      "Reflect.construct with an immense list",
      `Reflect.construct(Array, ${LONG});`,
      refusable,
    ),
    endless(
      "powers of a big number",
      "let b = 3n; for (;;) b = (b ** 5n) % (1n << 90000n);",
      refusable,
    ),
    endless("a big number written out", "const b = (1n << 500000n); for (;;) b.toString(10);"),
    endless("a big number read", "const s = '9'.repeat(300000); for (;;) BigInt(s);"),
    endless(
      "indexOf that compares everything",
      "const s = 'a'.repeat(1e6), n = 'a'.repeat(5e5) + 'b'; for (;;) s.indexOf(n);",
    ),
    endless(
      "replaceAll of every character",
      "const s = 'a'.repeat(1e5); for (;;) s.replaceAll('a', 'bb');",
    ),
    endless("split and join", "const s = 'a'.repeat(2e5); for (;;) s.split('').join('x');"),
    endless("normalize of marks", "const s = '\\u0344'.repeat(1e5); for (;;) s.normalize('NFD');"),
    endless("locale comparison", "const s = 'é'.repeat(1e5); for (;;) s.localeCompare(s + 'a');"),
    endless(
      "sort of random numbers",
      "const a = Array.from({ length: 2e5 }, () => Math.random()); for (;;) a.toSorted();",
    ),
    endless(
      "JSON of a wide array",
      "const a = new Array(1e5).fill({ a: 1 }); for (;;) JSON.stringify(a);",
    ),
    endless(
      "JSON.parse of a wide array",
      "const s = '[' + '1,'.repeat(2e5) + '1]'; for (;;) JSON.parse(s);",
    ),
    endless("encodeURIComponent", "const s = '€'.repeat(1e5); for (;;) encodeURIComponent(s);"),
    endless(
      "structured keys",
      "const o = {}; for (let i = 0; i < 5e4; i++) o['k' + i] = i; for (;;) Object.entries(o);",
    ),
    endless("typed array set", "const a = new Uint8Array(4e6); for (;;) a.set(a);"),
    endless(
      "typed array sort",
      "const a = new Float64Array(5e5); for (;;) a.sort((x, y) => y - x);",
    ),
    endless(
      "garbage that takes long to find",
      "const a = []; for (let i = 0; i < 5e4; i++) a.push({ i }); for (;;) { const c = {}; c.c = c; a[0] = c; }",
    ),
    failing("padStart beyond every text", "'a'.padStart(2 ** 31, 'ab');", {
      expect: ["error", "out-of-memory"],
    }),
    failing("repeat beyond every text", "'a'.repeat(2 ** 40);", {
      expect: ["error", "out-of-memory"],
    }),
    failing("an array of negative length", "new Array(-1);"),
    failing("a date beyond time", "new Date(8.64e15 + 1).toISOString();"),
  ],
};

/** Patterns that take exponential or quadratic time, or much memory. */
export const regularExpressions: AttackFamily = {
  name: "regular expressions",
  attacks: [
    ...(
      [
        ["nested plus", "/^(a+)+$/", "'a'.repeat(60) + '!'"],
        ["alternatives of the same", "/^(a|a)*$/", "'a'.repeat(60) + '!'"],
        ["optional copies", "/^(a?){60}a{60}$/", "'a'.repeat(59)"],
        ["nested groups", "/^((a+)*)*$/", "'a'.repeat(60) + '!'"],
        ["back references", "/^(a+)+\\1+$/", "'a'.repeat(60) + '!'"],
        ["look-ahead inside a loop", "/^(?:(?=(a+))a)+$/", "'a'.repeat(2e5) + '!'"],
        ["look-behind", "/(?<=(a+)+)b/", "'a'.repeat(60)"],
        ["unicode classes", "/^(\\p{L}+)+$/u", "'é'.repeat(60) + '!'"],
        ["case folding", "/^(\\w+)+$/iu", "'ſ'.repeat(60) + '!'"],
        ["words", "/^(\\w+\\s?)+$/", "'a'.repeat(60) + '!'"],
        [
          "e-mail",
          "/^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}$/",
          "'a'.repeat(60)",
        ],
      ] as const
    ).map(([name, pattern, text]) =>
      endless(`${name} that backtrack`, `for (;;) ${pattern}.test(${text});`),
    ),
    endless(
      "matchAll that never moves",
      "const r = /(?:)/g; Object.defineProperty(r, 'lastIndex', { get: () => 0, set() {} }); for (;;) r.exec('aaa');",
      refusable,
    ),
    endless(
      "an exec that always finds",
      "const r = /a/g; r.exec = () => ({ index: 0, 0: '', length: 1 }); 'aaa'.replace(r, 'b');",
      refusable,
    ),
    endless(
      "a split whose species loops",
      "class R extends RegExp { static get [Symbol.species]() { for (;;); } } 'a'.split(new R('a'));",
    ),
    endless(
      "replace with an immense result array",
      "const r = /a/; r.exec = () => ({ length: 2 ** 53 - 1, index: 0, 0: 'a' }); 'a'.replace(r, 'b');",
      refusable,
    ),
    failing("groups without end", "new RegExp('('.repeat(1e5));"),
    failing(
      "a pattern nested too deeply",
      "new RegExp('(?:'.repeat(1e5) + ')'.repeat(1e5)).test('a');",
      { expect: ["error", "ok"] },
    ),
    endless(
      "repetitions of repetitions",
      "for (;;) new RegExp('(?:(?:(?:a{0,99}){0,99}){0,99}){0,99}').test('b');",
      refusable,
    ),
    endless(
      "a class of everything, many times",
      "const p = '[\\\\s\\\\S]'.repeat(1e4); for (;;) new RegExp(p, 'u').test('b');",
      refusable,
    ),
  ],
};
