/** What V8 does where the contract's words are QuickJS's, and what only processes can show. */
import { execFile, spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { LIMITS } from "../../base/limits.ts";
import { mainOf, runProgram } from "../contract/program-runner.contract.ts";
import type { RunOptions } from "../contract/program-runner.contract.ts";
import type { SandboxOutcome } from "../sandbox.ts";
import { v8Sandbox } from "./v8-sandbox.ts";

const sandbox = v8Sandbox({ workers: 2 });
afterAll(() => sandbox.close());

const run = (code: string, options?: RunOptions): Promise<SandboxOutcome> =>
  runProgram(sandbox, code, options);

async function value(body: string, options?: RunOptions): Promise<unknown> {
  const { valueJson, error } = await run(mainOf(body), options);
  return valueJson === undefined ? error : JSON.parse(valueJson);
}

test("an error has line, column, frames and the offending line", async () => {
  const code = [
    "function inner(order) {",
    "  return order.items.length;",
    "}",
    "export default function main(context) {",
    "  return inner(context);",
    "}",
  ].join("\n");
  const { status, error, engine } = await run(code, { file: "orders@3.js" });
  expect({ status, error, engine }).toEqual({
    status: "error",
    engine: expect.stringMatching(/^isolated-vm@\d/),
    error: {
      name: "TypeError",
      message: "Cannot read properties of undefined (reading 'length')",
      line: 2,
      column: 22,
      frames: [
        { functionName: "inner", file: "orders@3.js", line: 2, column: 22 },
        { functionName: "main", file: "orders@3.js", line: 5, column: 10 },
      ],
      excerpt: "  return order.items.length;\n                     ^",
    },
  });
});

test("columns are exact on the first line and after wide characters", async () => {
  const first = await run("export default () => { null.x }");
  const wide = await run('export default () => {\n  const s = "é😀"; null.x }');
  const typed = await run(
    'export default (context               )         => {\n  throw new Error("no") }',
  );
  expect([first, wide, typed].map(({ error }) => [error?.line, error?.column])).toEqual([
    [1, 29],
    [2, 25],
    [2, 9],
  ]);
});

test("a syntax error has its place, when run and when checked", async () => {
  const code = "export default () => {\n  let x = ;\n}";
  const { error } = await run(code);
  const expected = { line: 2, column: 11 };
  expect(error).toMatchObject({
    name: "SyntaxError",
    message: "Unexpected token ';'",
    ...expected,
  });
  expect(await sandbox.check({ file: "a@1.js", code })).toEqual([
    {
      path: "code",
      message: "SyntaxError: Unexpected token ';'",
      expected: "a JavaScript module",
      received: '"let x = ;"',
      ...expected,
    },
  ]);
});

test("imports fail, static and dynamic", async () => {
  const fixed = await run('import fs from "node:fs"; export default () => 1;');
  const dynamic = await run(mainOf('return await import("node:fs");'));
  expect([fixed, dynamic].map(({ status, error }) => [status, error?.message])).toEqual([
    ["error", "could not load module 'node:fs'"],
    ["error", "Not supported"],
  ]);
});

test("an array buffer above the limit can be caught, and is out of memory when it is not", async () => {
  expect(await value("try { new ArrayBuffer(2 ** 30); } catch (e) { return e.message; }")).toBe(
    "Array buffer allocation failed",
  );
  expect((await run(mainOf("new ArrayBuffer(2 ** 30);"))).status).toBe("out-of-memory");
});

test("what the engine gives up on for want of memory is out of memory, and the next run is well", async () => {
  const sort = "Array.prototype.sort.call({ length: 2 ** 32 - 2 });";
  const split = "const s = 'x'.repeat(2 ** 28); return s.split('').length;";
  const endings = [
    await run(mainOf(sort)),
    await run(mainOf(split)),
    await run(mainOf("return 1;")),
  ];
  expect(endings.map(({ status }) => status)).toEqual(["out-of-memory", "out-of-memory", "ok"]);
});

test("a value that is no error can be thrown while the module loads", async () => {
  const { error } = await run("throw 5; export default () => 1;");
  expect([error?.name, error?.message]).toEqual([
    "NonErrorThrown",
    "The skill threw 5, which is not an Error",
  ]);
});

test("a rejection left behind while the result is read does not take its place", async () => {
  const body = "return { toJSON() { Promise.reject(new Error('left behind')); return [1]; } };";
  const { status, valueJson, warnings } = await run(mainOf(body));
  expect([status, valueJson, warnings?.length]).toEqual(["ok", "[1]", 1]);
  expect(warnings?.[0]).toContain("left behind");
});

test("processor time has a limit, and waiting for the host is not part of it", async () => {
  const slow = async (): Promise<{ ok: true; value: null }> => {
    await new Promise((resolve) => setTimeout(resolve, 400));
    return { ok: true, value: null };
  };
  const waiting = await run(mainOf("await host.tool('slow'); return 1;"), {
    limits: { cpuMs: 300 },
    onHostCall: slow,
  });
  const busy = await run(mainOf("for (;;);"), { limits: { cpuMs: 300 } });
  expect([waiting.status, busy.status, busy.error?.limit]).toEqual(["ok", "timeout", "cpuMs"]);
});

test("programs find what they find in QuickJS, and nothing that tells machines apart", async () => {
  const result = await value(
    "const d = new Date(); return [d.toString(), d.toTimeString(), d.toLocaleString(), d.toLocaleDateString(), d.toLocaleTimeString()," +
      "(1234567.891).toLocaleString(), 'a'.localeCompare('B'), 'a\\u0301'.localeCompare('á'), 'I'.toLocaleLowerCase('tr'), typeof Intl, Date.length, Date.name," +
      "d instanceof Date, Object.prototype.toString.call(d), new Date(2020, 0, 5).getTime(), Date().length, class extends Date {}.name, new (class A extends Date {})().getTime(), btoa('hé!'), atob('aGk='), typeof queueMicrotask]",
    { now: 1.7e12 + 123 },
  );
  expect(result).toEqual([
    "Tue Nov 14 2023 22:13:20 GMT+0000",
    "22:13:20 GMT+0000",
    "11/14/2023, 10:13:20 PM",
    "11/14/2023",
    "10:13:20 PM",
    "1234567.891",
    1,
    0,
    "i",
    "undefined",
    7,
    "Date",
    true,
    "[object Date]",
    1578182400000,
    33,
    "",
    1.7e12 + 123,
    "aOkh",
    "hi",
    "function",
  ]);
});

test("errors are what they are elsewhere, although programs get a constructor of their own", async () => {
  const result = await value(
    "class Mine extends Error { constructor(m) { super(m); this.extra = 1; } } const mine = new Mine('m', { cause: 1 });" +
      "return [mine instanceof Error, mine instanceof Mine, mine.message, mine.extra, String(mine), Error('x') instanceof Error, new Error('a', { cause: 5 }).cause," +
      "new TypeError('t') instanceof Error, Object.getPrototypeOf(TypeError) === Error, Error.prototype.constructor === Error, Error.isError(mine), Error.isError({}), Error.name, Error.length," +
      "new AggregateError([1], 'g').errors, Object.prototype.toString.call(new Error('x')), Reflect.ownKeys(Error).includes('prepareStackTrace')]",
  );
  expect(result).toEqual([
    true,
    true,
    "m",
    1,
    "Error: m",
    true,
    5,
    true,
    true,
    true,
    true,
    false,
    "Error",
    1,
    [1],
    "[object Error]",
    false,
  ]);
});

test("numbers from a seed are those of the default engine", async () => {
  const numbers = await value("return [Math.random(), Math.random(), Math.random()];", { seed: 7 });
  const { quickjsSandbox } = await import("../quickjs/quickjs-sandbox.ts");
  const other = quickjsSandbox({ workers: 1 });
  const program = mainOf("return [Math.random(), Math.random(), Math.random()];");
  const { valueJson } = await runProgram(other, program, { seed: 7 });
  await other.close();
  expect(numbers).toEqual(JSON.parse(valueJson ?? "null"));
});

test("a process that dies under a run is replaced, and effects happen once", async () => {
  const own = v8Sandbox({ workers: 1 });
  const effects: unknown[] = [];
  const outcome = await runProgram(
    own,
    mainOf(
      "const a = await host.tool('a', 1); const b = await host.tool('b', 2); return [a, b, Math.random()];",
    ),
    {
      seed: 3,
      onHostCall: async ({ name, args }) => {
        effects.push(args);
        // As the system would, when memory is short.
        if (name === "b" && effects.length === 2)
          for (const pid of childPids()) process.kill(pid, "SIGKILL");
        return { ok: true, value: effects.length };
      },
    },
  );
  expect([outcome.status, effects]).toEqual(["ok", [1, 2]]);
  expect(own.stats()).toMatchObject({ retries: 1, kills: 0 });
  await own.close();
});

test("a sandbox nobody closed does not keep its process alive", async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", script("console.log((await runs).status);")],
    { timeout: 20_000 },
  );
  expect(stdout).toBe("ok\n");
});

test("processes end when their parent is killed, even in native code", async () => {
  const parent = spawn(
    process.execPath,
    [
      "--input-type=module",
      "--eval",
      script(
        "await runs; void start('[].reverse.call({ length: 2 ** 53 - 1 });'); setTimeout(() => console.log('started'), 300);",
      ),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await new Promise((resolve) => parent.stdout.once("data", resolve));
  const children = childPids(parent.pid);
  expect(children.length).toBeGreaterThan(0);
  parent.kill("SIGKILL");
  await expect.poll(() => children.filter(isAlive), { timeout: 10_000 }).toEqual([]);
});

function script(then: string): string {
  return `
    import { v8Sandbox } from ${JSON.stringify(new URL("./v8-sandbox.ts", import.meta.url).href)};
    const sandbox = v8Sandbox({ workers: 1 });
    const start = (body) => sandbox.run({
      program: { file: "a@1.js", code: "export default () => { " + body + " }" },
      contextJson: "null",
      limits: ${JSON.stringify(LIMITS)},
      onHostCall: async () => ({ ok: true, value: null }),
    });
    const runs = start("return 1;");
    ${then}
  `;
}

/** The processes started by `parent`, as Linux tells them; elsewhere there are none to be seen. */
function childPids(parent: number | undefined = process.pid): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)?.parent === parent);
}

function isAlive(pid: number): boolean {
  const state = statOf(pid)?.state;
  return state !== undefined && state !== "Z";
}

function statOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state = "", parent = ""] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent) };
  } catch {
    // It is gone.
    return undefined;
  }
}
