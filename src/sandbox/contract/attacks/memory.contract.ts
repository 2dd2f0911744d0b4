import { endless, failing, hungry } from "./attack.contract.ts";
import type { AttackFamily } from "./attack.contract.ts";

/** Code that takes all the memory there is. */
export const memory: AttackFamily = {
  name: "memory",
  attacks: [
    hungry("objects", "const a = []; for (;;) a.push({ a: 1, b: 2 });"),
    hungry("arrays of numbers", "const a = []; for (;;) a.push(new Array(1000).fill(1.5));"),
    hungry("texts that double", "let s = 'ab'; for (;;) s += s;"),
    hungry(
      "texts that are really there",
      "const a = []; for (let i = 0; ; i++) a.push(`${i}`.padStart(1e5, '€'));",
    ),
    hungry("one immense array buffer", "new Uint8Array(2 ** 31 - 1).fill(1);"),
    hungry("many array buffers", "const a = []; for (;;) a.push(new ArrayBuffer(1e6));"),
    hungry(
      "an array buffer that grows",
      "const b = new ArrayBuffer(1, { maxByteLength: 2 ** 30 }); b.resize(2 ** 30); new Uint8Array(b).fill(1);",
    ),
    hungry("typed arrays", "const a = []; for (;;) a.push(new BigInt64Array(1e5));"),
    hungry("a Map", "const m = new Map(); for (let i = 0; ; i++) m.set(i, [i]);"),
    hungry("a Set of texts", "const s = new Set(); for (let i = 0; ; i++) s.add('value ' + i);"),
    hungry(
      "weak maps with keys that live",
      "const k = [], w = new WeakMap(); for (;;) { const o = {}; k.push(o); w.set(o, { o }); }",
    ),
    hungry("weak references", "const a = []; for (;;) a.push(new WeakRef({}));"),
    hungry(
      "finalizers",
      "const r = new FinalizationRegistry(() => {}), a = []; for (;;) { const o = {}; a.push(o); r.register(o, a); }",
    ),
    hungry(
      "closures",
      "const a = []; for (let i = 0; ; i++) { const big = [i, i, i]; a.push(() => big); }",
    ),
    hungry("classes", "const a = []; for (;;) a.push(class { x = 1; y() { return 2; } });"),
    hungry(
      "symbols in the registry",
      "const a = []; for (let i = 0; ; i++) a.push(Symbol.for('s' + i));",
    ),
    hungry("keys of one object", "const o = {}; for (let i = 0; ; i++) o['k' + i] = 1;"),
    hungry("big numbers", "const a = []; for (let i = 1n; ; i++) a.push(1n << (100000n + i));"),
    hungry(
      "promises that wait",
      "const a = []; for (;;) a.push(new Promise(() => {}).then(() => 1));",
    ),
    hungry("microtasks", "for (;;) queueMicrotask(() => {});"),
    hungry(
      "generators that are suspended",
      "function* g() { const big = [1, 2, 3]; yield big; } const a = []; for (;;) { const it = g(); it.next(); a.push(it); }",
    ),
    hungry(
      "functions made of text",
      "const a = []; for (let i = 0; ; i++) a.push(new Function('return ' + i + ';'));",
    ),
    hungry("errors with stacks", "const a = []; for (;;) a.push(new Error('x'.repeat(100)));"),
    hungry(
      "patterns",
      "const a = []; for (let i = 0; ; i++) a.push(new RegExp('a{' + (i % 100) + '}' + 'b'.repeat(200)));",
      // V8 keeps little of a pattern that was never used.
      { expect: ["out-of-memory", "error", "timeout"], limits: { timeoutMs: 5000 } },
    ),
    hungry(
      "buffers that grow in their place",
      "const a = []; for (;;) { const b = new ArrayBuffer(1, { maxByteLength: 2 ** 24 }); if (b.resize) b.resize(2 ** 24); a.push(b.resizable ? b : new ArrayBuffer(2 ** 24)); new Uint8Array(a.at(-1)).fill(1); }",
    ),
    hungry("proxies", "let a = []; for (;;) a.push(new Proxy({}, { get: () => 1 }));"),
    hungry(
      "sparse arrays",
      "const a = []; for (;;) { const s = []; s[1e6] = 1; s.length = 1e6; a.push(s, Array.from(s.slice(0, 1000))); }",
    ),
    hungry("dates", "const a = []; for (;;) a.push(new Date());"),
    hungry(
      "a full heap that is caught and filled again",
      "const a = []; for (;;) { try { for (;;) a.push(new Array(100).fill(0)); } catch {} }",
      { expect: ["out-of-memory", "timeout", "error"], limits: { timeoutMs: 500 } },
    ),
    hungry(
      "a full heap that ends with a large result",
      "const a = []; try { for (;;) a.push('x'.repeat(1000)); } catch {} return a;",
      { expect: ["out-of-memory", "invalid-result", "error"] },
    ),
    hungry(
      "a full heap while an error is reported",
      "const a = []; try { for (;;) a.push({}); } catch {} throw { get message() { for (;;) a.push({}); } };",
    ),
    hungry(
      "a log of everything on a full heap",
      "const a = []; try { for (;;) a.push({}); } catch {} console.log(a, a, a); for (;;) a.push({});",
    ),
    hungry(
      "a result whose text is larger than the heap",
      "const s = 'x'.repeat(1e6); return Array(100).fill(s);",
      { expect: ["invalid-result", "out-of-memory", "error"] },
    ),
    hungry(
      "an argument larger than the heap",
      "const s = '\\u0001'.repeat(2e6); await host.tool('a', [s, s, s, s]);",
    ),
    hungry("a context that fills the heap", "return context.length;", {
      contextJson: JSON.stringify("x".repeat(5e6)),
      limits: { memoryBytes: 2 * 1024 * 1024, contextBytes: 1e7 },
    }),
    hungry(
      "an answer that fills the heap",
      "const a = []; for (;;) a.push(await host.tool('big'));",
      {
        answer: async () => ({ ok: true, value: "x".repeat(900_000) }),
      },
    ),
  ],
};

/** Code that runs out of stack in as many ways. */
export const stack: AttackFamily = {
  name: "stack",
  attacks: [
    failing("recursion", "const f = (...a) => f(...a, 1); f();"),
    failing("recursion through apply", "function f() { f.apply(this, arguments); } f(1, 2, 3);"),
    failing(
      "recursion through toString",
      "const o = { toString() { return `${this}`; } }; `${o}`;",
    ),
    failing(
      "recursion through a proxy of itself",
      "const p = new Proxy({}, { get: (_t, k, r) => r[k] }); p.x;",
    ),
    failing(
      "recursion through a prototype proxy",
      "const o = {}; Object.setPrototypeOf(o, new Proxy({}, { get: (_t, k, r) => r[k] })); o.x;",
    ),
    failing("recursion through new", "class A { constructor() { new A(); } } new A();"),
    failing(
      "recursion through Symbol.species",
      "class A extends Array { static get [Symbol.species]() { return new A(1).map((x) => x); } } new A(1, 2).map((x) => x);",
    ),
    failing("recursion in a sort", "const f = () => [2, 1].sort(f); f();"),
    failing("recursion through JSON.parse", "const f = () => JSON.parse('[1]', f); f();"),
    failing("recursion through replace", "const f = () => 'a'.replace('a', f); f();"),
    failing(
      "a proxy chain",
      "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x;",
    ),
    failing(
      "a chain of bound functions",
      "let f = () => 1; for (let i = 0; i < 2e4; i++) f = f.bind(null); return f();",
      { expect: ["error", "ok", "out-of-memory"] },
    ),
    failing(
      "an array in an array, as text",
      "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; String(a);",
    ),
    failing(
      "an array in an array, flattened",
      "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; a.flat(Infinity);",
    ),
    failing("JSON nested deeply, read", "JSON.parse('['.repeat(1e6) + ']'.repeat(1e6));"),
    failing(
      "JSON nested deeply, written",
      "let a = []; for (let i = 0; i < 1e6; i++) a = [a]; JSON.stringify(a);",
      { expect: ["error", "out-of-memory"] },
    ),
    failing(
      "JSON nested deeply, returned",
      "let a = []; for (let i = 0; i < 5e4; i++) a = { a }; return a;",
      { expect: "invalid-result" },
    ),
    failing("code nested deeply", "eval('['.repeat(1e5) + ']'.repeat(1e5));"),
    failing("code with parentheses nested deeply", "eval('('.repeat(1e5));"),
    failing("templates nested deeply", "eval('`${'.repeat(1e5));"),
    failing("blocks nested deeply", "eval('{'.repeat(1e5));"),
    failing("arrow functions nested deeply", "eval('a=>'.repeat(5e4) + '1');", {
      expect: ["error", "ok", "out-of-memory", "timeout"],
    }),
    failing("a long chain of operators", "eval('1' + '+1'.repeat(1e5));", {
      expect: ["error", "ok", "out-of-memory"],
    }),
    failing("a long chain of unary operators", "eval('!'.repeat(2e5) + '1');", {
      expect: ["error", "out-of-memory"],
    }),
    failing("a long list of else", "eval('if (0);' + 'else if (0);'.repeat(5e4));", {
      expect: ["error", "ok", "out-of-memory"],
    }),
    failing(
      "a stack overflow while an error is reported",
      "const f = () => { f(); }; throw { get message() { return f(); }, get name() { return f(); } };",
    ),
    failing(
      "a stack overflow at the deepest host call",
      "let at = 0; const f = () => { at++; try { host.progress(0.5); f(); } catch (e) { throw e; } }; f();",
    ),
    failing(
      "a chain of causes without end",
      "let e = new Error('0'); for (let i = 0; i < 1e4; i++) e = new Error('x', { cause: e }); throw e;",
      { expect: ["error", "out-of-memory"] },
    ),
    endless(
      "an object freed in one long chain",
      "for (;;) { let a = null; for (let i = 0; i < 1e5; i++) a = { a }; }",
      { expect: ["timeout", "out-of-memory"] },
    ),
    failing(
      "the largest stack the limits allow",
      "const f = (n) => n === 0 ? 0 : 1 + f(n - 1); for (let n = 1000; ; n *= 2) f(n);",
      { limits: { stackBytes: 512 * 1024 } },
    ),
  ],
};
