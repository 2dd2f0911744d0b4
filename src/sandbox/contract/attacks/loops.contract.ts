import { endless, failing } from "./attack.contract.ts";
import type { AttackFamily } from "./attack.contract.ts";

/** Code that runs, or waits, for ever. */
export const loops: AttackFamily = {
  name: "loops",
  attacks: [
    endless("an empty while", "while (true);"),
    endless("a do with a counter", "let i = 0; do i++; while (i > 0);"),
    endless(
      "a labelled continue in finally",
      "a: for (;;) { try { for (;;); } finally { continue a; } }",
    ),
    endless(
      "a return overridden in finally",
      "const f = () => { for (;;) { try { return 1; } finally { continue; } } }; f();",
    ),
    endless(
      "a loop that catches its own interruption",
      "for (;;) { try { for (;;); } catch (e) { globalThis.kept = e; } }",
    ),
    endless(
      "nested catches that start again",
      "const f = (n) => { try { for (;;); } catch { } finally { f(n + 1); } }; f(0);",
    ),
    endless("a loop inside a getter", "const o = { get x() { for (;;); } }; o.x;"),
    endless("a loop inside a setter", "const o = { set x(v) { for (;;); } }; o.x = 1;"),
    endless("a loop inside valueOf", "+{ valueOf() { for (;;); } };"),
    endless("a loop inside Symbol.toPrimitive", "`${{ [Symbol.toPrimitive]() { for (;;); } }}`;"),
    endless(
      "a loop inside Symbol.hasInstance",
      "({}) instanceof { [Symbol.hasInstance]() { for (;;); } };",
    ),
    endless("a loop inside a sort comparison", "[1, 2, 3].sort(() => { for (;;); });"),
    endless("a loop inside a replace callback", "'aaa'.replace(/a/g, () => { for (;;); });"),
    endless("a loop inside a class field", "class A { x = (() => { for (;;); })(); } new A();"),
    endless("a loop inside a static block", "class A { static { for (;;); } }"),
    endless("a loop inside a default parameter", "((a = (() => { for (;;); })()) => a)();"),
    endless("a loop inside a tagged template", "((strings) => { for (;;); })`x`;"),
    endless(
      "mutual recursion through promises",
      "const f = () => Promise.resolve().then(g), g = () => Promise.resolve().then(f); await f();",
    ),
    endless("awaits without end", "for (;;) await 0;"),
    endless("await of its own thenable", "const t = { then(r) { r(t); } }; await t;"),
    endless(
      "microtasks that queue microtasks",
      "const f = () => queueMicrotask(f); f(); await new Promise(() => {});",
    ),
    endless(
      "two microtasks for every one",
      "const f = () => { if (globalThis.n = (globalThis.n ?? 0) + 1, n < 5e4) queueMicrotask(f); queueMicrotask(f); }; f(); await new Promise(() => {});",
      { expect: ["timeout", "out-of-memory"] },
    ),
    endless("a promise nobody settles", "await new Promise(() => {});"),
    endless(
      "a promise that waits for itself through others",
      "let r; const p = new Promise((f) => { r = f; }); const q = p.then(() => q); await Promise.all([p, q]);",
    ),
    failing(
      "a promise resolved with itself",
      "let r; const p = new Promise((f) => { r = f; }); r(p); await p;",
    ),
    failing("recursion without end", "const f = () => f() + 1; f();"),
    failing(
      "recursion through JSON.stringify",
      "const o = { toJSON() { return JSON.stringify(o); } }; JSON.stringify(o);",
    ),
    failing("recursion through getters", "const o = { get x() { return this.x; } }; o.x;"),
    endless(
      "recursion caught and begun again",
      "const f = () => { try { f(); } catch { f(); } }; f();",
    ),
    endless("a loop while the module loads", "while (true); export default () => 1;", {
      module: true,
    }),
    endless(
      "an await while the module loads",
      "await new Promise(() => {}); export default () => 1;",
      { module: true },
    ),
    endless(
      "a thenable module that loops",
      "export function then() { for (;;); } export default () => 1;",
      { module: true },
    ),
    endless(
      "a thenable module that never answers",
      "export function then() {} export default () => 1;",
      { module: true },
    ),
  ],
};

/** Iteration that never returns. */
export const iteration: AttackFamily = {
  name: "generators and iteration",
  attacks: [
    endless(
      "a generator spread into an array",
      "function* g() { for (;;) yield; } let n = 0; for (const _ of g()) n++;",
    ),
    endless(
      "a generator that ignores return",
      "function* g() { for (;;) { try { yield 1; } finally { for (;;); } } } for (const x of g()) break;",
    ),
    endless(
      "a generator that yields in finally",
      "function* g() { try { yield 1; } finally { for (;;) yield 2; } } const it = g(); it.next(); for (;;) it.return(5);",
    ),
    endless(
      "an async generator without end",
      "async function* g() { for (;;) yield 1; } for await (const x of g());",
    ),
    endless(
      "an async generator that never answers",
      "async function* g() { await new Promise(() => {}); yield 1; } for await (const x of g());",
    ),
    endless(
      "an async generator that loops when returned",
      "async function* g() { try { yield 1; } finally { for (;;); } } for await (const x of g()) break;",
    ),
    endless(
      "a delegating generator that swallows return",
      "const it = { [Symbol.iterator]() { return this; }, next: () => ({ value: 1, done: false }), return() { for (;;); } }; function* g() { yield* it; } for (const x of g()) break;",
    ),
    endless(
      "an iterator that is never done",
      "const it = { [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) }; for (const x of it);",
    ),
    endless(
      "an iterator whose done loops",
      "const it = { [Symbol.iterator]: () => ({ next: () => ({ get done() { for (;;); } }) }) }; for (const x of it);",
    ),
    endless(
      "destructuring that closes an iterator",
      "const it = { [Symbol.iterator]: () => ({ next: () => ({ done: false }), return() { for (;;); } }) }; const [a] = it;",
    ),
    endless(
      "Array.fromAsync of a generator without end",
      "async function* g() { for (;;) { await null; yield* []; } } await Array.fromAsync(g());",
    ),
    endless(
      "Array.fromAsync of promises nobody settles",
      "await Array.fromAsync([new Promise(() => {})]);",
    ),
    endless(
      "an iterator helper without end",
      "function* g() { for (;;) yield 1; } g().filter(() => false).next();",
    ),
    endless(
      "flatMap of an iterator without end",
      "function* g() { for (;;) yield []; } g().flatMap((x) => x).next();",
    ),
    endless(
      "reduce of an iterator without end",
      "function* g() { for (;;) yield 1; } g().reduce((a, b) => a);",
    ),
    endless(
      "drop of more than there is",
      "function* g() { for (;;) yield 1; } g().drop(Infinity).next();",
    ),
    endless(
      "Promise.all of an iterator that loops",
      "await Promise.all({ [Symbol.iterator]() { for (;;); } });",
    ),
    endless(
      "a Map filled while it is walked",
      "const m = new Map([[0, 0]]); for (const [k] of m) { m.delete(k); m.set(k + 1, 0); }",
    ),
    endless(
      "a Set filled while forEach walks it",
      "const s = new Set([0]); s.forEach((v) => { s.delete(v); s.add(v + 1); });",
    ),
    endless(
      "set operations on a lying set",
      "new Set([1]).union({ size: 1, has: () => true, keys: () => ({ next: () => ({ done: false, value: 1 }) }) });",
    ),
    endless(
      "Object.fromEntries without end",
      "function* g() { for (;;) yield ['a', 1]; } Object.fromEntries(g());",
    ),
    failing(
      "a generator that resumes itself",
      "let it; function* g() { it.next(); yield 1; } it = g(); it.next();",
    ),
  ],
};
