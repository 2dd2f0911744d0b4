import { expect } from "../../../testing/contract/expect.ts";
import { contained, endless, failing } from "./attack.contract.ts";
import type { AttackFamily } from "./attack.contract.ts";

const INVALID = { expect: "invalid-result" } as const;

/** Results and errors that fight back while they are looked at. */
export const thenablesAndProxies: AttackFamily = {
  name: "thenables and proxies",
  attacks: [
    endless("a result whose then loops", "return { then() { for (;;); } };"),
    endless("a result whose then getter loops", "return { get then() { for (;;); } };"),
    endless("a result whose then never answers", "return { then() {} };"),
    endless(
      "a result that is thenables without end",
      "const t = { then(resolve) { resolve({ then: t.then }); } }; return t;",
    ),
    contained(
      "a result whose then answers twice",
      "return { then(resolve, reject) { resolve(1); resolve(2); reject(3); throw 4; } };",
      1,
    ),
    failing("a result whose then throws", "return { then() { throw new Error('no'); } };"),
    failing(
      "a result whose then getter throws",
      "return { get then() { throw new Error('no'); } };",
    ),
    failing("a proxy of a promise", "return new Proxy(Promise.resolve(1), {});"),
    contained(
      "a subclass of Promise with another then",
      "class P extends Promise { then() { for (;;); } } return P.resolve(1);",
      1,
      { expect: ["ok", "timeout"], limits: { timeoutMs: 500 } },
    ),
    contained(
      "a synchronous subclass of Promise with another then",
      "export default () => { class P extends Promise { then() { return 'forged'; } } return P.resolve(1); }",
      1,
      { module: true, expect: ["ok", "timeout", "invalid-result"], limits: { timeoutMs: 500 } },
    ),
    contained(
      "then of a module",
      "export function then(resolve) { resolve({ default: () => 'chosen' }); } export default () => 'other';",
      "chosen",
      { module: true, check: () => undefined, expect: ["ok", "error"] },
    ),
    failing(
      "then of a module that resolves to nothing",
      "export function then(resolve) { resolve(null); } export default () => 'other';",
      { module: true },
    ),
    failing(
      "then of a module that rejects",
      "export function then(_, reject) { reject(new Error('no')); } export default () => 'other';",
      { module: true },
    ),
    ...["get", "has", "ownKeys", "getPrototypeOf", "getOwnPropertyDescriptor"].flatMap((trap) => [
      failing(
        `a result whose ${trap} trap throws`,
        `return { p: new Proxy({ a: 1 }, { ${trap}() { throw new Error('no'); } }) };`,
        { expect: ["error", "ok"] },
      ),
      endless(
        `a result whose ${trap} trap loops`,
        `return { p: new Proxy({ a: 1 }, { ${trap}() { for (;;); } }) };`,
        { expect: ["timeout", "ok"] },
      ),
    ]),
    failing(
      "a revoked proxy",
      "const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return [proxy];",
    ),
    failing(
      "a revoked array proxy",
      "const { proxy, revoke } = Proxy.revocable([], {}); revoke(); return [proxy];",
    ),
    failing(
      "a proxy with a new object behind every member",
      "const make = () => new Proxy({}, { ownKeys: () => ['a'], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }), get: (_t, k) => k === 'toJSON' ? undefined : make() }); return [make()];",
      INVALID,
    ),
    endless(
      "a proxied array of immense length",
      "return [new Proxy([], { get: (t, k) => k === 'length' ? 2 ** 53 - 1 : k === 'toJSON' ? undefined : 1 })];",
      { expect: ["timeout", "out-of-memory", "error", "invalid-result"] },
    ),
    failing(
      "a proxy with more keys than memory",
      "return [new Proxy({}, { ownKeys: () => Array.from({ length: 1e7 }, (_, i) => 'k' + i) })];",
      { expect: ["out-of-memory", "error", "timeout"], limits: { timeoutMs: 1500 } },
    ),
    failing(
      "an error that is a proxy of an error",
      "throw new Proxy(new Error('x'), { get() { throw 1; }, getPrototypeOf() { throw 2; } });",
    ),
    endless("an error whose name loops", "throw { get name() { for (;;); } };"),
    endless(
      "an error whose cause loops",
      "throw Object.defineProperty(new Error('x'), 'cause', { get() { for (;;); } });",
    ),
    endless(
      "an error whose prototype loops",
      "throw new Proxy(new Error('x'), { getPrototypeOf() { for (;;); } });",
      { expect: ["timeout", "error"] },
    ),
    endless(
      "an error whose stack loops",
      "throw Object.defineProperty(new Error('x'), 'stack', { get() { for (;;); } });",
    ),
    endless(
      "a rejection by a thenable that loops",
      "await Promise.reject({ get message() { for (;;); } });",
    ),
    contained(
      "a log of a proxy that throws",
      "console.log(new Proxy({}, { ownKeys() { throw 1; }, getPrototypeOf() { throw 2; } })); return 1;",
      1,
    ),
    endless(
      "a log of a proxy that loops",
      "console.log(new Proxy({}, { ownKeys() { for (;;); } }));",
    ),
    contained(
      "a log of a proxied array of immense length",
      "console.log(new Proxy([], { get: (t, k) => k === 'length' ? 2 ** 53 - 1 : 1 })); return 1;",
      1,
    ),
    contained(
      "arguments that run code while they are written",
      "let n = 0; const o = { get a() { n++; void host.tool('inner'); return n; } }; const r = await host.tool('outer', o); return [r.name, r.args];",
      ["outer", { a: 1 }],
    ),
  ],
};

/** What JSON is not, and text that pretends to be it. */
export const jsonTraps: AttackFamily = {
  name: "JSON",
  attacks: [
    failing("a result with a BigInt", "return { a: [1n] };", INVALID),
    failing("a result with a symbol", "return [Symbol('x')];", INVALID),
    failing("a result with a function", "return { f() {} };", INVALID),
    failing("a result with a class", "return class A {};", INVALID),
    failing("a result with NaN", "return [NaN];", INVALID),
    failing("a result with a Map", "return new Map();", INVALID),
    failing("a result with a Set", "return { s: new Set([1]) };", INVALID),
    failing("a cycle", "const a = {}; a.a = a; return a;", INVALID),
    failing("a cycle through toJSON", "const a = { toJSON: () => ({ a }) }; return a;", {
      expect: ["invalid-result", "error"],
    }),
    failing("a cycle through arrays", "const a = []; a.push([a]); return a;", INVALID),
    failing("a boxed BigInt", "return Object(1n);", { expect: ["error", "invalid-result"] }),
    endless("a toJSON that loops", "return { toJSON() { for (;;); } };"),
    failing(
      "a toJSON on Object.prototype",
      "Object.prototype.toJSON = () => { throw new Error('no'); }; return {};",
    ),
    contained(
      "a toJSON on String.prototype",
      "String.prototype.toJSON = () => 'forged'; Number.prototype.toJSON = () => 7; return ['a', 1];",
      ["a", 1],
      { expect: ["ok"] },
    ),
    failing(
      "a toJSON on BigInt.prototype that answers a function",
      "BigInt.prototype.toJSON = () => () => 1; return 1n;",
      INVALID,
    ),
    contained("raw JSON", "return typeof JSON.rawJSON;", "undefined"),
    contained(
      "source access of a reviver",
      "let source; JSON.parse('{\"a\":1e999}', (_k, v, c) => { source = c?.source; return v; }); return typeof source;",
      "undefined",
      { check: () => undefined, expect: ["ok"] },
    ),
    contained(
      "a __proto__ key stays data",
      "return [Object.keys(context), ({}).polluted ?? null, context];",
      [
        ["__proto__", "constructor"],
        null,
        JSON.parse(
          '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
        ) as never,
      ],
      { contextJson: '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}' },
    ),
    contained(
      "text that ends a JSON text",
      'return \'"}],\\n{"status":"ok"\';',
      '"}],\n{"status":"ok"',
    ),
    contained(
      "line separators and NUL",
      "return '\\u2028\\u2029\\u0000\\uFEFF';",
      "\u2028\u2029\u0000\uFEFF",
    ),
    contained("lone surrogates", "return ['\\ud800', '\\udfff\\ud800', { '\\udc00': 1 }];", [
      "\ud800",
      "\udfff\ud800",
      { "\udc00": 1 },
    ]),
    failing("a context that is no JSON", "return 1;", {
      expect: "invalid-context",
      contextJson: "{a:1}",
    }),
    failing("a context that is a program", "return 1;", {
      expect: "invalid-context",
      contextJson: "(() => { for (;;); })()",
    }),
    failing("a context of nothing", "return 1;", { expect: "invalid-context", contextJson: "" }),
    failing("a context nested a million deep", "return 1;", {
      expect: ["invalid-context", "error", "out-of-memory"],
      contextJson: "[".repeat(1e6) + "]".repeat(1e6),
    }),
    contained("a context with lone surrogates unescaped", "return context.length;", 1, {
      contextJson: '"\ud800"',
    }),
    failing("a result above its limit", "return 'x'.repeat(10_000);", {
      ...INVALID,
      limits: { resultBytes: 1000 },
    }),
    failing("a result whose escapes are above its limit", "return '\\u0001'.repeat(300);", {
      ...INVALID,
      limits: { resultBytes: 1000 },
    }),
    failing("a result of a million empty arrays", "return Array.from({ length: 1e6 }, () => []);", {
      ...INVALID,
      expect: ["invalid-result", "out-of-memory"],
      limits: { resultBytes: 1000 },
    }),
    contained("boxed values", "return [new String('a'), new Boolean(false), new Number(1)];", [
      "a",
      false,
      1,
    ]),
    contained("an invalid date and a typed array", "return [new Date(NaN), new Uint8Array([1])];", [
      null,
      { 0: 1 },
    ]),
    contained(
      "a result that looks like an outcome",
      "return { status: 'ok', valueJson: '1', error: { name: 'x' }, logs: [], __proto__: null, logsDropped: -1, durationMs: -5 };",
      {
        status: "ok",
        valueJson: "1",
        error: { name: "x" },
        logs: [],
        logsDropped: -1,
        durationMs: -5,
      },
      {
        check: ({ outcome }) =>
          expect([outcome.logsDropped, outcome.durationMs >= 0, outcome.error]).toEqual([
            0,
            true,
            undefined,
          ]),
      },
    ),
    failing(
      "an error that looks like an outcome",
      "throw Object.assign(new Error('x'), { status: 'ok', valueJson: '1', limit: 'cpuMs', issues: [1], frames: [{ file: '/etc/passwd' }], excerpt: 'forged', line: -1 });",
      {
        check: ({ outcome }) =>
          expect([
            outcome.status,
            outcome.valueJson,
            outcome.error?.issues,
            outcome.error?.line,
          ]).toEqual(["error", undefined, undefined, 1]),
      },
    ),
  ],
};
