import { expect } from "../../../testing/contract/expect.ts";
import { contained, endless, failing } from "./attack.contract.ts";
import type { AttackFamily } from "./attack.contract.ts";

/** What a run could leave for the next one; the canary looks for all of it. */
export const crossRunLeaks: AttackFamily = {
  name: "leaks between runs",
  attacks: [
    contained(
      "global variables",
      "globalThis.leak = 1; var2 = globalThis['eval']('var leaked = 2; leaked'); return 1;",
      1,
      { expect: ["ok", "error"] },
    ),
    contained(
      "every prototype changed",
      "for (const name of Object.getOwnPropertyNames(globalThis)) { try { globalThis[name].prototype.leak = 1; } catch {} } return ({}).leak ?? 1;",
      1,
      { expect: ["ok", "invalid-result"] },
    ),
    contained(
      "every method replaced",
      "for (const name of Object.getOwnPropertyNames(globalThis)) { const p = globalThis[name]?.prototype; if (!p) continue; for (const key of Reflect.ownKeys(p)) { try { p[key] = () => 'forged'; } catch {} } } return 1;",
      1,
      { expect: ["ok", "error", "timeout", "invalid-result"], limits: { timeoutMs: 1000 } },
    ),
    contained(
      "getters on Object.prototype",
      "for (const key of ['then', 'toJSON', 'code', 'name', 'denied', 'get', 'value']) { const d = Object.create(null); d.get = () => undefined; d.configurable = true; Object.defineProperty(Object.prototype, key, d); } return 1;",
      1,
    ),
    contained(
      "Math.random and the clock replaced",
      "Math.random = () => 0.5; Date.now = () => 0; globalThis.Date = null; performance.now = null; return 1;",
      1,
      { expect: ["ok", "error"] },
    ),
    contained(
      "many random numbers",
      "let s = 0; for (let i = 0; i < 1e4; i++) s += Math.random(); return s > 0;",
      true,
    ),
    contained("statics of RegExp", "/(secret)(.)/.exec('xsecretyz'); return 1;", 1),
    contained(
      "lastIndex of a pattern in the source",
      "const r = /a/g; r.exec('aa'); return r.lastIndex;",
      1,
    ),
    contained(
      "the registry of symbols",
      "globalThis[Symbol.for('leak')] = 1; return Symbol.keyFor(Symbol.for('handle'));",
      "handle",
    ),
    contained(
      "weak references and finalizers",
      "globalThis.w = new WeakRef({}); globalThis.r = new FinalizationRegistry(() => { globalThis.leak = 1; }); r.register({}, 1); return 1;",
      1,
    ),
    contained(
      "console replaced",
      "console.log = () => {}; globalThis.console = { log: 1 }; return 1;",
      1,
    ),
    contained(
      "JSON, Reflect and Promise replaced",
      "globalThis.JSON = {}; globalThis.Reflect = {}; globalThis.Promise = null; delete globalThis.Map; return 1;",
      1,
    ),
    contained(
      "the prototypes of generators",
      "Object.getPrototypeOf(function* () {}).prototype.next = () => 'forged'; Object.getPrototypeOf(async function* () {}).prototype.next = 1; return 1;",
      1,
    ),
    contained(
      "the prototypes of iterators",
      "Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({ done: true }); return 1;",
      1,
      { expect: ["ok", "error"] },
    ),
    contained(
      "Error.stackTraceLimit and prepareStackTrace",
      "Error.stackTraceLimit = 0; Error.prepareStackTrace = () => 'forged'; return 1;",
      1,
    ),
    contained(
      "the template objects of the source",
      "const f = (s) => s; globalThis.t = f`a`; try { t.raw.push(1); } catch {} return t === f`a`;",
      false,
    ),
    contained(
      "everything frozen",
      "for (const name of Object.getOwnPropertyNames(globalThis)) { try { Object.freeze(globalThis[name]); Object.freeze(globalThis[name].prototype); } catch {} } Object.freeze(globalThis); return 1;",
      1,
    ),
    contained(
      "the global object's prototype replaced",
      "Object.setPrototypeOf(globalThis, new Proxy({}, { get: () => 1, has: () => true })); return 1;",
      1,
      { expect: ["ok", "error"] },
    ),
    contained(
      "the handle of the host, called by a promise left behind",
      "globalThis.h = host; (async () => { for (;;) { await h.sleep(1); h.progress(0.1); await h.tool('late'); } })(); return 1;",
      1,
    ),
    contained(
      "a microtask that goes on",
      "const f = async () => { for (let i = 0; i < 1e9; i++) await null; globalThis.leak = 1; }; f(); return 1;",
      1,
      { expect: ["ok", "timeout"], limits: { timeoutMs: 500 } },
    ),
    contained(
      "context and answers kept",
      "globalThis.secret = [context, await host.tool('secret', 'password')]; return 1;",
      1,
      { context: { token: "secret" } },
    ),
    contained(
      "secrets left in freed memory",
      "let a = []; for (let i = 0; i < 2e4; i++) a.push('secret' + i); a = null; return 1;",
      1,
    ),
    contained(
      "nothing is found in fresh memory",
      "const b = new Uint8Array(1_000_000); return b.some((v) => v !== 0);",
      false,
    ),
    failing(
      "an error thrown with changes left",
      "Object.prototype.leak = 1; Array.prototype.map = null; throw new Error('x');",
    ),
    endless(
      "a timeout with changes left",
      "Object.prototype.leak = 1; Math.random = null; for (;;);",
    ),
    endless(
      "a kill with changes left",
      "Object.prototype.leak = 1; [].reverse.call({ length: 2 ** 53 - 1 });",
    ),
    {
      name: "a full heap with changes left",
      code: "Object.prototype.leak = 1; const a = []; for (;;) a.push({});",
      expect: ["out-of-memory"],
      limits: { timeoutMs: 8000, memoryBytes: 8 * 1024 * 1024 },
    },
    failing(
      "a stack overflow with changes left",
      "Object.prototype.leak = 1; const f = () => f() + 1; f();",
    ),
    failing(
      "a module that fails with changes left",
      "Object.prototype.leak = 1; null.x; export default () => 1;",
      { module: true },
    ),
    failing("an invalid result with changes left", "Object.prototype.leak = 1; return () => 1;", {
      expect: "invalid-result",
    }),
  ],
};

/** Clocks, and what can be told from them. */
export const timing: AttackFamily = {
  name: "timing",
  attacks: [
    contained(
      "the clock stands still while code runs",
      "const a = [Date.now(), performance.now()]; for (let i = 0; i < 1e5; i++); const b = [Date.now(), performance.now()]; return [a[0] === b[0], a[1] === b[1]];",
      [true, true],
    ),
    contained(
      "the clock is the run's own",
      "return [Date.now(), new Date().toISOString(), performance.now()];",
      [1_700_000_000_000, "2023-11-14T22:13:20.000Z", 0],
    ),
    contained(
      "the clock goes on by what was asked",
      "await host.sleep(5); return [Date.now() - 1_700_000_000_000, performance.now()];",
      [5, 5],
    ),
    contained(
      "a host call takes no time",
      "const a = Date.now(); await host.tool('slow'); return Date.now() - a;",
      0,
      {
        answer: () => new Promise((resolve) => setTimeout(resolve, 30, { ok: true, value: null })),
      },
    ),
    contained(
      "no time zone of the host",
      "return [new Date(2020, 6, 1).getTimezoneOffset(), new Date(0).getHours()];",
      [0, 0],
    ),
    contained(
      "no shared memory to count in",
      "return [typeof SharedArrayBuffer, typeof Atomics, typeof Worker];",
      ["undefined", "undefined", "undefined"],
    ),
    contained(
      "no memory that tells its size",
      "return [typeof performance.memory, typeof gc, performance.timeOrigin === undefined || performance.timeOrigin === 1_700_000_000_000 || performance.timeOrigin === 0];",
      ["undefined", "undefined", true],
    ),
    contained(
      "randomness is the run's own",
      "return [Math.random(), Math.random()].every((n) => n > 0 && n < 1);",
      true,
    ),
    contained(
      "no other source of randomness",
      "return [typeof crypto, new Set(Array.from({ length: 3 }, () => [{}, {}].map(String).join())).size];",
      ["undefined", 1],
    ),
    contained(
      "order of collection is nobody's clock",
      "let done = 0; const r = new FinalizationRegistry(() => done++); for (let i = 0; i < 1000; i++) r.register({}, i); return typeof done;",
      "number",
    ),
  ],
};

const any = { expect: ["ok", "error", "invalid-context", "invalid-result", "timeout"] } as const;
const nest = (open: string, close: string, times: number): string =>
  open.repeat(times) + "true" + close.repeat(times);

/** Schemas made to stall, fool or break what checks them. */
export const schemas: AttackFamily = {
  name: "schemas",
  attacks: [
    endless("a pattern of the input that backtracks", "return 1;", {
      context: { a: `${"a".repeat(60)}!` },
      inputSchema: '{"properties":{"a":{"pattern":"^(a+)+$"}}}',
    }),
    endless("a pattern of the output that backtracks", "return 'a'.repeat(60) + '!';", {
      outputSchema: '{"pattern":"^(a|a)*$"}',
    }),
    endless("a pattern of property names that backtracks", "return 1;", {
      context: { ["a".repeat(60) + "!"]: 1 },
      inputSchema: '{"patternProperties":{"^(a+)+$":{}}}',
    }),
    failing("a pattern that takes minutes to compile", "return 1;", {
      context: { a: "a".repeat(1000) },
      inputSchema: JSON.stringify({ properties: { a: { pattern: "(a)?".repeat(15_000) } } }),
    }),
    failing("a pattern of property names that takes minutes to compile", "return { a: 1 };", {
      outputSchema: JSON.stringify({ patternProperties: { ["(a)?".repeat(15_000)]: {} } }),
    }),
    failing("many patterns of the greatest length", "return 1;", {
      ...any,
      context: { a: "a".repeat(1000) },
      inputSchema: JSON.stringify({
        allOf: Array.from({ length: 60 }, (_, i) => ({
          properties: { a: { pattern: `${i}|${"(a)?".repeat(250)}` } },
        })),
      }),
      limits: { timeoutMs: 1000 },
    }),
    endless("references that double at every step", "return 1;", {
      inputSchema: JSON.stringify({
        $ref: "#/$defs/d0",
        $defs: Object.fromEntries(
          Array.from({ length: 31 }, (_, i) => [
            `d${i}`,
            i === 30
              ? {}
              : { allOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] },
          ]),
        ),
      }),
      expect: ["timeout", "ok"],
    }),
    endless(
      "unique items of many objects",
      "return Array.from({ length: 30_000 }, (_, i) => ({ i }));",
      { outputSchema: '{"uniqueItems":true}' },
    ),
    failing("a reference to itself", "return 1;", { ...any, inputSchema: '{"$ref":"#"}' }),
    failing("references in a ring", "return 1;", {
      ...any,
      inputSchema: '{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}',
    }),
    failing("a schema nested deeply", "return 1;", {
      ...any,
      inputSchema: nest('{"not":', "}", 5000),
      limits: { timeoutMs: 500 },
    }),
    failing("a schema nested beyond reading", "return 1;", {
      ...any,
      inputSchema: nest("[", "]", 200_000),
      limits: { timeoutMs: 500 },
    }),
    failing("a context nested deeply under a schema that follows it", "return 1;", {
      ...any,
      inputSchema: '{"items":{"$ref":"#"}}',
      contextJson: "[".repeat(50_000) + "]".repeat(50_000),
      expect: ["invalid-context", "error", "ok", "out-of-memory"],
    }),
    failing("an asynchronous schema of the input", "return 1;", {
      inputSchema: '{"$async":true,"type":"string"}',
    }),
    failing("an asynchronous schema of the output", "return 1;", {
      outputSchema: '{"$async":true,"type":"string"}',
    }),
    failing("an asynchronous schema inside", "return 1;", {
      inputSchema: '{"allOf":[{"$async":true,"type":"string"}]}',
    }),
    ...[
      "constructor",
      "__proto__",
      "toString",
      "valueOf",
      "hasOwnProperty",
      "__defineGetter__",
    ].flatMap((name) => [
      failing(`a reference to ${name}`, "return 1;", {
        ...any,
        inputSchema: JSON.stringify({ $ref: name }),
      }),
      failing(`a dynamic reference to ${name}`, "return 1;", {
        ...any,
        inputSchema: JSON.stringify({ $dynamicRef: `#${name}` }),
      }),
      failing(`an anchor called ${name}`, "return 1;", {
        ...any,
        inputSchema: JSON.stringify({
          $id: name,
          $anchor: name,
          $dynamicAnchor: name,
          $defs: { [name]: {} },
        }),
      }),
      failing(`equal items with a member ${name}`, "return 1;", {
        expect: ["ok", "invalid-context"],
        inputSchema: '{"uniqueItems":true}',
        contextJson: `[{"${name}":1},{"${name}":1}]`,
      }),
      failing(`a required member ${name}`, "return 1;", {
        expect: "invalid-context",
        inputSchema: JSON.stringify({ required: [name] }),
        contextJson: "{}",
      }),
    ]),
    ...[
      '{"properties":{"a\\"]);process.exit(1);//":{"type":"string"}},"required":["a\\"]);process.exit(1);//"]}',
      '{"type":"string\\");process.exit(1);(\\""}',
      '{"maximum":"1);process.exit(1);("}',
      '{"contains":{},"minContains":"0;process.exit(1)","maxContains":{"a":"`${process.exit(1)}`"}}',
      '{"const":"`${process.exit(1)}`\\u2028process.exit(1)"}',
      '{"enum":["*/process.exit(1)/*","</script>"]}',
      '{"pattern":"/;process.exit(1);/"}',
      '{"$id":"*/process.exit(1);/*","$comment":"*/process.exit(1);/*"}',
      '{"dependentRequired":{"a":[{"toString":"x"}]},"required":[{},[],1]}',
      '{"if":{"const":"x"},"then":{"$ref":"https://evil.example/schema"}}',
      '{"$schema":"https://evil.example/meta"}',
      '{"$ref":"file:///etc/passwd"}',
      '{"format":"constructor","formatMaximum":"x","discriminator":{"propertyName":"a"},"nullable":"x"}',
    ].map((schema) =>
      failing(`the schema ${schema}`, "return 1;", {
        ...any,
        inputSchema: schema,
        context: { a: 1 },
      }),
    ),
    failing("a schema that is no JSON", "return 1;", { inputSchema: "{" }),
    failing("a schema that is null", "return 1;", { ...any, inputSchema: "null" }),
    failing("issues that show great values", "return 1;", {
      expect: "invalid-context",
      context: { ["k".repeat(50_000)]: "v".repeat(50_000) },
      inputSchema: '{"additionalProperties":false}',
      check: ({ outcome }) => expect(JSON.stringify(outcome.error).length).toBeLessThan(32_768),
    }),
  ],
};
