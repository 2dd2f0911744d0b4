import { expect } from "../../../testing/contract/expect.ts";
import { contained, endless, failing, never } from "./attack.contract.ts";
import type { Attack, AttackFamily, Seen } from "./attack.contract.ts";

/** The kind and name of every call arrived exactly so, and no other. */
function arrived(kind: string, name: string): (seen: Seen) => void {
  return ({ calls }) => expect(calls.map((call) => [call.kind, call.name])).toEqual([[kind, name]]);
}

const CONFUSING_NAMES = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "__defineGetter__",
  "__lookupSetter__",
  "Symbol(Symbol.iterator)",
  "@@iterator",
  "then",
  "toJSON",
  "default",
  "length",
  "0",
  "-1",
  "null",
  "undefined",
  "",
  " ",
  "browser.click ",
  "browser.click\u0000",
  "browser\u2024click",
  "br\u043ewser.click",
  "browser.ｃlick",
  "BROWSER.CLICK",
  "browser.click\u200b",
  "\u202ekcilc.resworb",
  "browser.cli\u0063\u0301k",
  "../browser.click",
  "browser.click\nbrowser.close",
  "browser.click%00",
  "\ufeffbrowser.click",
  "x".repeat(8192),
];

/** Names made to be taken for others. What they mean is for the host to say: it must get just them. */
export const capabilityConfusion: AttackFamily = {
  name: "capability confusion",
  attacks: [
    ...CONFUSING_NAMES.flatMap((name): Attack[] => {
      const shown = name.length > 100 ? "a name of 8192 characters" : JSON.stringify(name);
      return ["tool", "skill"].map((kind) =>
        contained(
          `host.${kind} of ${shown}`,
          `return (await host.${kind}(context.name)).name;`,
          name,
          {
            context: { name },
            check: arrived(kind, name),
          },
        ),
      );
    }),
    ...[
      "undefined",
      "null",
      "1",
      "1n",
      "true",
      "Symbol('a')",
      "['browser.click']",
      "{}",
      "() => 'a'",
      "new String('browser.click')",
      "{ toString: () => 'browser.click' }",
      "new Proxy({}, {})",
      "'\\ud800'",
      "'a\\udc00'",
      "'x'.repeat(8193)",
    ].map((name) =>
      failing(`host.tool of ${name}`, `await host.tool(${name});`, {
        check: ({ calls }) => expect(calls).toEqual([]),
      }),
    ),
    contained(
      "a name that is another every time it is read",
      "let n = 0; const names = { get name() { return n++ ? 'secret' : 'open'; } }; await host.tool(names.name); return n;",
      1,
      { check: arrived("tool", "open") },
    ),
    contained(
      "arguments that become others after the call",
      "const args = { path: 'open' }; const p = host.tool('read', args); args.path = 'secret'; return (await p).args.path;",
      "open",
    ),
    contained(
      "options of a skill that are no options",
      "return (await host.skill('a', 1, '\\n{\"version\":9}')).name;",
      "a",
      {
        check: ({ calls }) =>
          expect([calls[0]?.args, calls[0]?.options]).toEqual([1, '\n{"version":9}']),
      },
    ),
    contained(
      "arguments with line breaks are one argument",
      "return (await host.tool('a', ['x\\ny', '\\n'])).args;",
      ["x\ny", "\n"],
      {
        check: ({ calls }) => expect(Object.hasOwn(calls[0] ?? {}, "options")).toBe(false),
      },
    ),
  ],
};

const URLS = [
  "file:///etc/passwd",
  "FILE:///etc/passwd",
  "data:text/plain,hello",
  "javascript:alert(1)",
  "ftp://api.example.com/",
  "blob:https://api.example.com/x",
  "https://api.example.com@evil.example/",
  "https://user:password@api.example.com/",
  "https://api.example.com:443@evil.example",
  "https://api.example.com\\@evil.example",
  "https:\\\\evil.example\\",
  "\\\\evil.example\\share",
  "//evil.example/",
  "https:evil.example",
  "https://api.example.com/../../secret",
  "https://api.example.com/%2e%2e/%2e%2e/secret",
  "https://api.example.com/..;/secret",
  "https://api.example.com/%252e%252e/",
  "https://api.example.com/\u0000.evil.example",
  "https://api.example.com%00.evil.example/",
  "https://api.example.com\t.evil.example/",
  " https://api.example.com/",
  "ht\ntps://api.example.com/",
  "https://api.example.com.evil.example/",
  "https://api.example.com./",
  "https://API.EXAMPLE.COM/",
  "https://аpi.example.com/",
  "https://api。example。com/",
  "https://①②⑦.⓪.⓪.①/",
  "http://127.0.0.1/",
  "http://127.1/",
  "http://2130706433/",
  "http://0x7f000001/",
  "http://0177.0.0.1/",
  "http://0/",
  "http://[::1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[0:0:0:0:0:ffff:7f00:1]/",
  "http://[::]/",
  "http://[fe80::1%25eth0]/",
  "http://169.254.169.254/latest/meta-data/",
  "http://[fd00:ec2::254]/",
  "http://metadata.google.internal/",
  "http://localhost:6379/",
  "http://localtest.me/",
  "unix:/var/run/docker.sock",
  "https://api.example.com:99999/",
  "https://api.example.com:0/",
  "https://",
  "",
  "https://api.example.com/#@evil.example/",
  "https://api.example.com/?\u2028",
];

/** Addresses made to be read differently. The sandbox reads none: the host gets the text as it is. */
export const fetchAddresses: AttackFamily = {
  name: "addresses of host.fetch",
  attacks: [
    ...URLS.map((url) =>
      contained(
        `host.fetch of ${JSON.stringify(url)}`,
        "try { await host.fetch(context.url, { method: 'GET' }); } catch {} return 'asked';",
        "asked",
        {
          context: { url },
          check: arrived("fetch", url),
          answer: async () => ({ ok: false, error: { name: "FetchError", message: "no" } }),
        },
      ),
    ),
    ...[
      "new URL('https://api.example.com')",
      "{ toString: () => 'https://api.example.com' }",
      "{ url: 'https://api.example.com' }",
      "null",
      "['https://api.example.com']",
      "'https://\\ud800.example.com'",
    ].map((url) =>
      failing(`host.fetch of ${url}`, `await host.fetch(${url});`, {
        check: ({ calls }) => expect(calls).toEqual([]),
      }),
    ),
    contained(
      "an init that is no JSON",
      "const got = []; for (const init of [{ body: new Map() }, { signal() {} }, { headers: { a: 1n } }]) { try { await host.fetch('https://api.example.com', init); got.push('sent'); } catch (e) { got.push(e.name); } } return got;",
      ["TypeError", "TypeError", "TypeError"],
      {
        check: ({ calls }) => expect(calls).toEqual([]),
      },
    ),
  ],
};

/** Use of the host's functions that they were not made for. */
export const hostBridgeAbuse: AttackFamily = {
  name: "host bridge",
  attacks: [
    contained(
      "calls beyond their number",
      "let n = 0; try { for (;;) { await host.tool('a'); n++; } } catch (e) { return [n, e.name, e.code]; }",
      [20, "LimitError", "LIMIT_EXCEEDED"],
      { limits: { hostCalls: 20 } },
    ),
    contained(
      "waiting calls beyond their number",
      "const all = await Promise.allSettled(Array.from({ length: 50 }, () => host.sleep(1))); return all.filter((r) => r.status === 'rejected').length;",
      40,
      { limits: { pendingHostCalls: 10 } },
    ),
    endless("a call nobody answers", "await host.tool('a');", { answer: never }),
    endless(
      "calls nobody answers, all at once",
      "await Promise.all(Array.from({ length: 64 }, () => host.tool('a')));",
      { answer: never },
    ),
    endless("a sleep without end", "await host.sleep(Infinity);"),
    failing("a sleep of a negative time", "await host.sleep(-1);"),
    failing("a sleep of no number", "await host.sleep(NaN);"),
    failing("a sleep of a text", "await host.sleep('1');"),
    contained(
      "sleeps of hardly any time",
      "for (let i = 0; i < 20; i++) await host.sleep(Number.MIN_VALUE); return 1;",
      1,
    ),
    failing("progress beyond its range", "host.progress(1.0000001);"),
    failing("progress of no number", "host.progress({ valueOf: () => 0.5 });"),
    failing("a progress message that is no text", "host.progress(0.5, { toString: () => 'a' });"),
    contained("progress with a lone surrogate", "host.progress(0.5, '\\ud800'); return 1;", 1),
    failing("arguments that are no JSON", "await host.tool('a', { f() {} });"),
    failing("arguments in a cycle", "const a = []; a.push(a); await host.tool('a', a);"),
    failing(
      "arguments nested too deeply",
      "let a = []; for (let i = 0; i < 1000; i++) a = [a]; await host.tool('a', a);",
    ),
    failing("arguments above their limit", "await host.tool('a', 'x'.repeat(5000));", {
      limits: { resultBytes: 1000 },
    }),
    endless("arguments whose getter loops", "await host.tool('a', { get a() { for (;;); } });"),
    failing(
      "arguments whose toJSON throws",
      "await host.tool('a', { toJSON() { throw new Error('no'); } });",
    ),
    contained(
      "a call inside the arguments of a call",
      "const got = await host.tool('outer', { toJSON() { void host.tool('inner'); return 1; } }); return got.args;",
      1,
      {
        check: ({ calls }) =>
          expect(calls.map(({ name, callId }) => [callId, name])).toEqual([
            [0, "inner"],
            [1, "outer"],
          ]),
      },
    ),
    failing("skills of skills without end", "await host.skill('self', context);", {
      answer: async () => ({
        ok: false,
        error: { name: "LimitError", message: "nested too deeply" },
      }),
    }),
    contained("a call that is left when the run ends", "void host.tool('left'); return 1;", 1, {
      answer: never,
    }),
    contained(
      "calls made after the result is there",
      "(async () => { for (let i = 0; i < 100; i++) { await host.sleep(1); await host.tool('late'); } })(); return 1;",
      1,
    ),
    contained(
      "calls from a finalizer",
      "const r = new FinalizationRegistry(() => host.tool('late')); for (let i = 0; i < 1000; i++) r.register({}, i); return 1;",
      1,
      { expect: ["ok"] },
    ),
    failing(
      "a thrown error with a call under way",
      "void host.tool('left'); throw new Error('x');",
      { answer: never },
    ),
    contained(
      "an answer with a member that every object has",
      "const a = await host.tool('a'); return [Object.keys(a), ({}).polluted ?? null];",
      [["__proto__", "then"], null],
      {
        answer: async () => ({
          ok: true,
          value: JSON.parse('{"__proto__":{"polluted":1},"then":1}') as never,
        }),
      },
    ),
  ],
};

/** More of everything than anybody wants. */
export const floods: AttackFamily = {
  name: "floods",
  attacks: [
    endless("logs", "for (let i = 0; ; i++) console.log('line', i);", {
      check: ({ outcome }) => expect(outcome.logs.length).toBeLessThanOrEqual(200),
    }),
    contained(
      "log lines of a megabyte",
      "for (let i = 0; i < 20; i++) console.log('x'.repeat(1e6)); return 1;",
      1,
      { check: ({ outcome }) => expect(outcome.logs).toEqual([]) },
    ),
    contained(
      "logs of a great object",
      "const o = Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => ['k' + i, { i }])); for (let i = 0; i < 10; i++) console.log(o, o, o); return 1;",
      1,
      {
        check: ({ outcome }) => expect(JSON.stringify(outcome.logs).length).toBeLessThan(200_000),
      },
    ),
    contained(
      "logs of an object with great keys",
      "console.log({ ['k'.repeat(1e6)]: 1 }); return 1;",
      1,
      { check: ({ outcome }) => expect(JSON.stringify(outcome.logs).length).toBeLessThan(100_000) },
    ),
    contained(
      "log arguments without number",
      "console.log(...new Array(1e5).fill('x')); return 1;",
      1,
      {
        expect: ["ok", "error"],
        check: ({ outcome }) => expect(JSON.stringify(outcome.logs).length).toBeLessThan(100_000),
      },
    ),
    contained(
      "control characters in a log",
      "console.log('\\u001b[2J\\u0007\\r\\n', '\\ud800'); return 1;",
      1,
    ),
    contained("no room for logs", "for (let i = 0; i < 1e4; i++) console.log(i); return 1;", 1, {
      limits: { logLines: 0 },
      check: ({ outcome }) => expect([outcome.logs, outcome.logsDropped]).toEqual([[], 10_000]),
    }),
    failing("progress", "for (;;) host.progress(Math.random(), 'x'.repeat(5000));", {
      check: ({ progress }) =>
        expect([
          progress.length,
          progress.every(([, message]) => (message?.length ?? 0) <= 1024),
        ]).toEqual([1000, true]),
    }),
    failing("calls", "for (;;) await host.tool('a');", {
      limits: { timeoutMs: 20_000 },
      check: ({ calls }) => expect(calls.length).toBe(1000),
    }),
    failing("calls nobody waits for", "for (;;) void host.tool('a'), await null;", {
      expect: ["error", "timeout"],
      limits: { timeoutMs: 1000 },
    }),
    endless("calls that are refused", "for (;;) { try { await host.tool('a'); } catch {} }", {
      limits: { hostCalls: 5 },
      check: ({ calls }) => expect(calls.length).toBe(5),
    }),
    endless("calls with bad names", "for (;;) { try { await host.tool(1); } catch {} }"),
    failing("large arguments", "for (;;) await host.tool('a', 'x'.repeat(100_000));", {
      limits: { hostCalls: 50 },
      answer: async () => ({ ok: true, value: null }),
    }),
    failing("large answers", "for (;;) await host.tool('a');", {
      limits: { resultBytes: 100_000 },
      answer: async () => ({ ok: true, value: "x".repeat(50_000) }),
    }),
    failing("sleeps", "for (;;) await host.sleep(0);", { limits: { hostCalls: 200 } }),
    failing(
      "sleeps all at once",
      "await Promise.all(Array.from({ length: 5000 }, () => host.sleep(1)));",
    ),
    endless(
      "rejections nobody handles",
      "for (;;) { Promise.reject(new Error('x')); await null; }",
    ),
  ],
};
