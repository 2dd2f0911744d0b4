import { expect } from "../../../testing/contract/expect.ts";
import { contained, endless, failing } from "./attack.contract.ts";
import type { AttackFamily } from "./attack.contract.ts";

/** Names of what a host would have, and a realm for skills has not. */
const HOST_NAMES =
  "process require module exports global Buffer WebAssembly SharedArrayBuffer Atomics Worker MessageChannel fetch XMLHttpRequest WebSocket setTimeout setInterval setImmediate importScripts Deno Bun navigator location document window self std os bjson print scriptArgs gc load loadFile runScript $262 ivm __dirname __filename structuredClone postMessage InternalError";

/** Finds no name of a host, in whatever `scope` is. */
const NONE = (scope: string): string =>
  `return ${JSON.stringify(HOST_NAMES.split(" "))}.filter((name) => { try { return (${scope})(name); } catch { return false; } });`;

export const realmObjects: AttackFamily = {
  name: "realm objects and constructors",
  attacks: [
    contained("names of the host in the global object", NONE("(name) => name in globalThis"), []),
    contained(
      "names of the host by typeof",
      NONE("(name) => eval('typeof ' + name) !== 'undefined'"),
      [],
    ),
    contained(
      "the constructor of the constructor of the context",
      NONE("(name) => context.constructor.constructor('return typeof ' + name)() !== 'undefined'"),
      [],
      { context: { a: 1 } },
    ),
    contained(
      "the constructor of a host function",
      NONE("(name) => host.tool.constructor('return typeof ' + name)() !== 'undefined'"),
      [],
    ),
    contained(
      "the constructor of console",
      NONE("(name) => console.log.constructor('return typeof ' + name)() !== 'undefined'"),
      [],
    ),
    contained(
      "the constructor of an answer",
      `const answer = await host.tool('a'); ${NONE("(name) => answer.constructor.constructor('return typeof ' + name)() !== 'undefined'")}`,
      [],
    ),
    contained(
      "the constructor of an error of the host",
      `let e; try { await host.tool(1); } catch (error) { e = error; } ${NONE("(name) => e.constructor.constructor('return typeof ' + name)() !== 'undefined'")}`,
      [],
    ),
    contained(
      "the constructor of the promise of a call",
      `const p = host.tool('a'); ${NONE("(name) => p.constructor.constructor('return typeof ' + name)() !== 'undefined'")}`,
      [],
    ),
    contained(
      "the constructor of an engine's own error",
      `let e; try { null.x; } catch (error) { e = error; } ${NONE("(name) => e.constructor.constructor('return typeof ' + name)() !== 'undefined'")}`,
      [],
    ),
    contained(
      "the constructor of a stack overflow",
      `let e; const f = () => f() + 1; try { f(); } catch (error) { e = error; } ${NONE("(name) => e.constructor.constructor('return typeof ' + name)() !== 'undefined'")}`,
      [],
    ),
    contained(
      "this of a sloppy function is the realm's own",
      "return [new Function('return this')() === globalThis, (0, eval)('this') === globalThis];",
      [true, true],
    ),
    contained(
      "every reachable object belongs to the realm",
      `
      const seen = new Set([host, context, console]), queue = [host, context, console, globalThis, await host.tool('a')], foreign = [];
      while (queue.length > 0 && seen.size < 20000) {
        const o = queue.pop();
        for (const key of Reflect.ownKeys(o)) {
          const d = Object.getOwnPropertyDescriptor(o, key);
          for (const v of [d.value, d.get, d.set, Object.getPrototypeOf(o)]) {
            if ((typeof v !== 'object' && typeof v !== 'function') || v === null || seen.has(v)) continue;
            seen.add(v); queue.push(v);
            if (typeof v === 'function' && v !== Function.prototype && !(v instanceof Function)) foreign.push(String(key));
          }
        }
      }
      return foreign;`,
      [],
    ),
    contained(
      "the host object is frozen",
      "const before = Object.keys(host); for (const k of before) { try { host[k] = 1; } catch {} try { delete host[k]; } catch {} } try { Object.defineProperty(host, 'x', { value: 1 }); } catch {} try { Object.setPrototypeOf(host, null); } catch {} return [before.length, Object.keys(host).every((k) => typeof host[k] === 'function'), Object.isFrozen(host)];",
      [5, true, true],
    ),
    contained(
      "host functions say nothing of how they are made",
      "return Object.values(host).some((f) => /file:|node:|process|require/.test(Function.prototype.toString.call(f)));",
      false,
    ),
    contained(
      "host functions called with another this",
      "const f = host.tool; return [(await f.call(null, 'a')).name, (await Reflect.apply(f, globalThis, ['b'])).name];",
      ["a", "b"],
    ),
    contained(
      "host functions called as constructors",
      "let made = 0; for (const f of Object.values(host)) { try { new f('a'); made++; } catch {} } return 'tried';",
      "tried",
    ),
    contained(
      "iframes, realms and contexts of other kinds",
      "return [typeof ShadowRealm, typeof Realm, typeof Compartment, typeof Context, typeof Isolate].every((t) => t === 'undefined');",
      true,
    ),
    contained(
      "deleting everything global",
      "for (const key of Reflect.ownKeys(globalThis)) { try { delete globalThis[key]; } catch {} } return 'left';",
      "left",
    ),
    contained(
      "freezing everything global",
      "for (const key of Reflect.ownKeys(globalThis)) { try { Object.freeze(globalThis[key]); Object.freeze(globalThis[key].prototype); } catch {} } Object.freeze(globalThis); return (await host.tool('a')).name;",
      "a",
    ),
  ],
};

export const stackWalking: AttackFamily = {
  name: "prelude capture and stack walking",
  attacks: [
    contained(
      "arguments.callee.caller of a callback",
      "const f = new Function('try { return typeof arguments.callee.caller } catch (e) { return e.name }'); const got = f(); return got === 'undefined' || got === 'object' || got === 'TypeError';",
      true,
    ),
    contained(
      "caller of a function the engine calls",
      "const found = []; function probe() { try { found.push(typeof probe.caller); } catch { found.push('refused'); } } const o = { toJSON: probe }; try { await host.tool('a', o); } catch {} console.log(o); return found.every((f) => f !== 'function');",
      true,
    ),
    contained(
      "arguments of a function the engine calls",
      "const found = []; function probe() { try { found.push(typeof probe.arguments); } catch { found.push('refused'); } } try { await host.tool('a', { toJSON: probe }); } catch {} return found.every((f) => f === 'refused' || f === 'undefined' || f === 'object');",
      true,
    ),
    contained(
      "prepareStackTrace set before a call",
      "let got = 0; Error.prepareStackTrace = (e, s) => { got += s.length; for (const site of s) if (typeof site.getFunction?.() === 'function') throw 1; return ''; }; new Error('a').stack; try { await host.tool(1); } catch {} const e = new TypeError('x'); return typeof e.stack;",
      "string",
      { expect: ["ok"] },
    ),
    contained(
      "captureStackTrace on a proxy",
      "const seen = []; Error.captureStackTrace?.(new Proxy({}, { defineProperty: (t, k, d) => { seen.push(typeof d.value); return Reflect.defineProperty(t, k, d); } })); return seen.includes('function');",
      false,
    ),
    contained(
      "a getter for stackTraceLimit",
      "let called = 0; Object.defineProperty(Error, 'stackTraceLimit', { get() { called++; return 50; }, configurable: true }); try { await host.tool(1); } catch (e) { return typeof e.stack; }",
      "string",
    ),
    contained(
      "a setter for stack",
      "const got = []; const d = Object.create(null); d.set = function (v) { got.push(typeof v); }; d.get = () => 'fake'; d.configurable = true; Object.defineProperty(Error.prototype, 'stack', d); try { await host.tool(1); } catch (e) { e.stack; } return got.includes('function');",
      false,
    ),
    contained(
      "setters on Object.prototype for the prelude's names",
      `
      const got = [];
      for (const key of ['path','found','holder','parent','depth','key','kind','name','message','denied','code','stack','resolve','reject','site','nodes','engine','limit','causes']) {
        const d = Object.create(null); d.configurable = true;
        d.set = function (v) { got.push(key + typeof v); Object.defineProperty(this, key, { __proto__: null, value: v, writable: true, configurable: true }); };
        d.get = function () { return undefined; };
        Object.defineProperty(Object.prototype, key, d);
      }
      console.log({ a: [1] }); try { await host.tool(5); } catch {} await host.tool('x', { a: 1 }); await host.sleep(1); host.progress(0.5, 'm');
      return got.filter((entry) => /function|object/.test(entry) && !/^(message|stack|name|code)/.test(entry));`,
      [],
    ),
    contained(
      "setters on Array.prototype for the prelude's lists",
      `
      const got = [];
      for (const key of ['0', '1', '2']) Object.defineProperty(Array.prototype, key, { set(v) { got[got.length === undefined ? 0 : 'n' + key] = typeof v; }, get() { return undefined; }, configurable: true });
      console.log('a', 'b', [1]); host.progress(0.5, 'm'); await host.tool('x', 1);
      const found = ['n0', 'n1', 'n2'].filter((key) => key in got && got[key] === 'function');
      for (const key of ['0', '1', '2']) delete Array.prototype[key];
      return found;`,
      [],
    ),
    failing(
      "a setter on Array.prototype while an error is reported",
      "Object.defineProperty(Array.prototype, '0', { set(report) { if (report && typeof report === 'object') { report.kind = 'defect'; report.denied = true; report.engine = true; report.message = 'out of memory'; } }, configurable: true }); throw new Error('plain');",
      {
        check: ({ outcome }) =>
          expect([outcome.error?.name, outcome.error?.message]).toEqual(["Error", "plain"]),
      },
    ),
    failing(
      "a throwing setter on Array.prototype while an error is reported",
      "Object.defineProperty(Array.prototype, '0', { set() { throw 1; }, configurable: true }); throw new Error('plain');",
      {
        check: ({ outcome }) => expect(outcome.error?.message).toBe("plain"),
      },
    ),
    contained(
      "overridden JSON, Reflect and String before a call",
      "JSON.stringify = () => '1'; JSON.parse = () => 'forged'; Reflect.apply = () => 'forged'; String.prototype.slice = () => 'forged'; String.prototype.indexOf = () => 0; globalThis.String = () => 'forged'; return (await host.tool('a', { b: 2 })).args;",
      { b: 2 },
    ),
    contained(
      "overridden Promise before a call",
      "globalThis.Promise = class { then() { return 'forged'; } }; return (await host.tool('a', 3)).args;",
      3,
    ),
    contained(
      "overridden iteration before a call",
      "Array.prototype[Symbol.iterator] = function* () { yield 'forged'; }; Array.prototype.push = () => { throw 1; }; Map.prototype.get = () => 'forged'; WeakSet.prototype.has = () => true; return (await host.tool('a', [4])).args;",
      [4],
    ),
    contained(
      "then on Object.prototype sees only the run's own values",
      "const kinds = []; Object.defineProperty(Object.prototype, 'then', { get() { kinds.push(typeof this); return undefined; }, configurable: true }); await host.tool('a'); await host.sleep(1); delete Object.prototype.then; return kinds.every((k) => k !== 'function');",
      true,
    ),
    contained(
      "then on Promise.prototype is not how the host waits",
      "Promise.prototype.then = function () { for (;;); }; return 1;",
      1,
      { expect: ["ok", "timeout"], limits: { timeoutMs: 500 } },
    ),
    contained(
      "species and constructor of promises",
      "const got = []; class P extends Promise { constructor(f) { super((a, b) => { got.push(typeof a); f(a, b); }); } } Object.defineProperty(Promise.prototype, 'constructor', { get: () => P }); Object.defineProperty(Promise, Symbol.species, { get: () => P }); const a = await host.tool('a'); return a.name;",
      "a",
    ),
    contained(
      "unscopables and with",
      "const f = new Function('host', 'with (host) { return typeof tool; }'); Object.prototype[Symbol.unscopables] = new Proxy({}, { get: () => true }); return f(host);",
      "undefined",
      { expect: ["ok"] },
    ),
    contained(
      "a denied flag on Object.prototype",
      "Object.prototype.denied = true; Object.prototype.code = 'STOLEN'; try { await host.tool('a'); } catch (e) { return [e.name, e.message]; }",
      ["ToolError", "no"],
      {
        answer: async () => ({ ok: false, error: { name: "ToolError", message: "no" } }),
      },
    ),
    endless(
      "generator return while the engine waits",
      "function* g() { try { yield host.tool('a'); } finally { for (;;); } } const it = g(); it.next(); it.return();",
    ),
  ],
};

export const codeEvaluation: AttackFamily = {
  name: "code evaluation",
  attacks: [
    contained(
      "direct eval sees no host",
      NONE("(name) => eval(`typeof ${name} !== 'undefined'`)"),
      [],
    ),
    contained(
      "indirect eval sees no host",
      NONE("(name) => (0, eval)(`typeof ${name} !== 'undefined'`)"),
      [],
    ),
    contained(
      "every kind of function constructor sees no host",
      `
      const kinds = [Function, (function* () {}).constructor, (async () => {}).constructor, (async function* () {}).constructor];
      const found = [];
      for (const make of kinds) for (const name of ['process', 'require', 'WebAssembly', 'Worker']) {
        const f = make('return typeof ' + name); const r = f();
        const v = typeof r === 'string' ? r : typeof r.next === 'function' ? (await r.next()).value : await r;
        if (v !== 'undefined') found.push(name);
      }
      return found;`,
      [],
    ),
    ...[
      "fs",
      "node:fs",
      "node:child_process",
      "node:vm",
      "node:module",
      "/etc/passwd",
      "./worker.ts",
      "../quickjs/worker.js",
      "file:///etc/passwd",
      "data:text/javascript,export default 1",
      "https://example.com/a.js",
      "quickjs-wasi",
      "std",
      "qjs:os",
      "",
      "other@1.js\u0000fs",
      "__proto__",
    ].map((specifier) =>
      failing(
        `import() of ${JSON.stringify(specifier)}`,
        `const found = await import(${JSON.stringify(specifier)}); return Object.keys(found);`,
      ),
    ),
    failing(
      "import() of an object that changes",
      "let n = 0; await import({ toString() { return n++ ? 'node:fs' : 'a'; } });",
    ),
    failing(
      "import() with a JSON attribute",
      "await import('/etc/passwd', { with: { type: 'json' } });",
    ),
    failing(
      "import() with a text attribute",
      "await import('/etc/hostname', { with: { type: 'text' } });",
    ),
    failing("import() inside eval", "await eval('import(\"node:fs\")');"),
    failing(
      "import() inside a made function",
      "await new Function('return import(\"node:fs\")')();",
    ),
    failing(
      "a static import",
      "import fs from 'node:fs'; export default () => fs.readFileSync('/etc/passwd', 'utf8');",
      { module: true },
    ),
    failing("a re-export", "export * from 'node:fs'; export default () => 1;", { module: true }),
    failing(
      "an import of JSON",
      "import data from '/etc/passwd' with { type: 'json' }; export default () => data;",
      { module: true },
    ),
    contained(
      "import.meta tells nothing",
      "return [Object.keys(import.meta).filter((key) => key !== 'url' && key !== 'main'), /file:|[/]/.test(String(import.meta.url))];",
      [[], false],
      { expect: ["ok"] },
    ),
    failing("require by other names", "module.require('fs');"),
    failing("process.binding", "process.binding('fs');"),
    failing(
      "WebAssembly compiled",
      "new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));",
    ),
    failing("a Worker", "new Worker('data:text/javascript,1');"),
    failing("with in a module", "with ({}) {} export default () => 1;", { module: true }),
    contained(
      "with in a made function",
      "return new Function('o', 'with (o) { return a; }')({ a: 1 });",
      1,
    ),
    contained("strings that end the module early", "return '*/ } export { /*'.length;", 16),
    failing("code that ends the module early", "} ; export const stolen = 1; function x() {", {
      expect: ["error", "ok"],
    }),
    failing(
      "a byte order mark, a shebang and a NUL",
      "#!/usr/bin/env node\n\u0000export default () => 1;",
      { module: true },
    ),
    contained(
      "HTML comments are not comments in a module",
      "const x = 3; return eval('1\\n') + x;",
      4,
    ),
    failing("code that is no module at all", "\u0000\u0001\u0002\uD800", { module: true }),
    failing("code of nothing", "", { module: true }),
  ],
};
