import fc from "fast-check";
import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { findJsonDefect } from "../../base/json.ts";
import { mainOf, useRunner } from "./program-runner.contract.ts";
import type { CreateSandbox } from "./program-runner.contract.ts";

export function describeResults(create: CreateSandbox): void {
  describe("results", () => {
    const { run, value } = useRunner(create);

    test("a synchronous function's result is the outcome", async () => {
      const outcome = await run("export default (context) => context.a + 1", { context: { a: 1 } });
      expect(outcome).toEqual({
        status: "ok",
        valueJson: "2",
        logs: [],
        logsDropped: 0,
        durationMs: expect.any(Number),
        cpuMs: expect.any(Number),
        hostCalls: 0,
        engine: expect.stringMatching(/^[a-z-]+@\d/),
      });
    });

    test("an async function's result is awaited", async () => {
      expect(
        await value("await null; return { sum: context.a + 1 };", { context: { a: 1 } }),
      ).toEqual({ sum: 2 });
    });

    test("a thenable is awaited in the guest", async () => {
      const outcome = await run("export default () => ({ then(resolve) { resolve(5) } })");
      expect(outcome.valueJson).toBe("5");
    });

    test("any JSON comes back as it went in", async () => {
      await fc.assert(
        fc.asyncProperty(fc.jsonValue(), async (context) => {
          // Its text has no -0.
          const sent: unknown = JSON.parse(JSON.stringify(context));
          expect(await value("return context;", { context: context as never })).toEqual(sent);
        }),
        { numRuns: 60 },
      );
    });

    test("a __proto__ key stays an own key", async () => {
      const contextJson = '{"__proto__":{"polluted":true},"a":1}';
      const outcome = await run(
        mainOf("return { keys: Object.keys(context), polluted: {}.polluted ?? null, context };"),
        { contextJson },
      );
      expect(outcome.valueJson).toBe(
        `{"keys":["__proto__","a"],"polluted":null,"context":${contextJson}}`,
      );
    });

    test("text survives with emoji, NUL and lone surrogates", async () => {
      const text = "a\u0000é😀\ud800z";
      expect(
        await value("return [context.text, context.text.length];", { context: { text } }),
      ).toEqual([text, 7]);
    });

    test("undefined becomes null", async () => {
      expect(await value("")).toBe(null);
    });

    test("undefined members are dropped and Dates become text, as JSON does", async () => {
      expect(await value("return { a: undefined, b: [undefined], c: new Date(0) };")).toEqual({
        b: [null],
        c: "1970-01-01T00:00:00.000Z",
      });
    });

    test("a function in the result is named with its path", async () => {
      const outcome = await run(mainOf("return { list: [1, { make() {} }] };"));
      expect(outcome.status).toBe("invalid-result");
      expect(outcome.error?.message).toContain("list[1].make is a function");
    });

    test("a symbol, a BigInt, NaN and Infinity are not silently changed", async () => {
      const messages = await Promise.all(
        ["Symbol('x')", "[10n]", "{ a: NaN }", "-Infinity"].map(async (expression) => {
          const { status, error } = await run(mainOf(`return ${expression};`));
          return [status, error?.message.match(/but (.*);/)?.[1]];
        }),
      );
      expect(messages).toEqual([
        ["invalid-result", "it is a symbol"],
        ["invalid-result", "[0] is a BigInt"],
        ["invalid-result", "a is NaN"],
        ["invalid-result", "it is -Infinity"],
      ]);
    });

    test("a cycle is named with its path", async () => {
      const { status, error } = await run(mainOf("const a = { b: {} }; a.b.c = a; return a;"));
      expect([status, error?.message]).toEqual([
        "invalid-result",
        "The result must be JSON, but b.c is a cycle; return plain JSON values",
      ]);
    });

    test("a Map, and a promise somebody forgot to await, are refused rather than emptied", async () => {
      const map = await run(mainOf("return { found: new Map([[1, 2]]) };"));
      const promise = await run(mainOf("return [Promise.resolve(1)];"));
      expect(map.error?.message).toContain("found is a Map");
      expect(promise.error?.message).toContain("[0] is a Promise that was not awaited");
    });

    test("a result above the limit is refused with the limit", async () => {
      const { status, error } = await run(mainOf("return 'x'.repeat(2000);"), {
        limits: { resultBytes: 1000 },
      });
      expect([status, error?.message]).toEqual([
        "invalid-result",
        "The result is larger than 1000 bytes; return less, or raise limits.resultBytes",
      ]);
    });

    test("the limit counts bytes, not characters", async () => {
      const { status } = await run(mainOf("return 'é'.repeat(600);"), {
        limits: { resultBytes: 1000 },
      });
      expect(status).toBe("invalid-result");
    });

    test("a context that is not JSON text is an invalid context", async () => {
      const { status, error } = await run(mainOf("return 1;"), { contextJson: "{a:1}" });
      expect([status, error?.name]).toEqual(["invalid-context", "InvalidContextError"]);
    });
  });

  describe("errors", () => {
    const { run } = useRunner(create);

    test("an error has line, column, frames and the offending line", async () => {
      const code = [
        "function inner(order) {",
        "  return order.items.length;",
        "}",
        "export default function main(context) {",
        "  return inner(context);",
        "}",
      ].join("\n");
      const { status, error } = await run(code, { file: "orders@3.js" });
      expect({ status, error }).toEqual({
        status: "error",
        error: {
          name: "TypeError",
          message: "cannot read property 'length' of undefined",
          line: 2,
          column: 10,
          frames: [
            { functionName: "inner", file: "orders@3.js", line: 2, column: 10 },
            { functionName: "main", file: "orders@3.js", line: 5, column: 16 },
          ],
          excerpt: "  return order.items.length;\n         ^",
        },
      });
    });

    test("columns are exact on the first line and after wide characters", async () => {
      const first = await run("export default () => { null.x }");
      const wide = await run('export default () => {\n  const s = "é😀"; null.x }');
      expect([first.error?.line, first.error?.column]).toEqual([1, 24]);
      expect([wide.error?.line, wide.error?.column]).toEqual([2, 20]);
    });

    test("positions hold for TypeScript whose types were blanked out", async () => {
      // export default (context: { n: number }): number => { throw new Error("no") }
      const code =
        'export default (context               )         => {\n  throw new Error("no") }';
      const { error } = await run(code, { file: "ns/typed@1.ts" });
      expect([error?.line, error?.column, error?.frames?.[0]?.file]).toEqual([
        2,
        13,
        "ns/typed@1.ts",
      ]);
    });

    test("an error in an async function has its line", async () => {
      const { error } = await run("export default async () => {\n  await null;\n  undefined.x;\n}");
      expect([error?.name, error?.line]).toEqual(["TypeError", 3]);
    });

    test("a syntax error is an error with its position", async () => {
      const { status, error } = await run("export default () => {\n  let x = ;\n}");
      expect([status, error?.name, error?.line, error?.column]).toEqual([
        "error",
        "SyntaxError",
        2,
        11,
      ]);
    });

    test("an error while the module loads is an error", async () => {
      const { status, error } = await run("const x = null;\nx.y;\nexport default () => 1;");
      expect([status, error?.name, error?.line]).toEqual(["error", "TypeError", 2]);
    });

    test("a missing default export is a TypeError that says so", async () => {
      const none = await run("export const a = 1;");
      const text = await run("export default 'hello';");
      expect([none.status, none.error?.name, none.error?.message]).toEqual([
        "error",
        "TypeError",
        "Expected the default export to be a function (context, host) => result, got no default export",
      ]);
      expect(text.error?.message).toContain("got hello");
    });

    test("imports fail, static and dynamic", async () => {
      const fixed = await run('import fs from "node:fs"; export default () => 1;');
      const dynamic = await run(mainOf('return await import("node:fs");'));
      expect([fixed.status, fixed.error?.message]).toEqual([
        "error",
        "could not load module 'node:fs'",
      ]);
      expect([dynamic.status, dynamic.error?.message]).toEqual([
        "error",
        "could not load module 'node:fs'",
      ]);
    });

    test("anything can be thrown and is reported sanely", async () => {
      const thrown = [
        "null",
        "undefined",
        "'text'",
        "Symbol('s')",
        "7n",
        "{ a: 1 }",
        "new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 } })",
        "{ get message() { throw 1 }, get name() { return 5 } }",
        "Object.assign(new Error('m'), { name: 5 })",
      ];
      const reports = await Promise.all(
        thrown.map(async (expression) => {
          const { status, error } = await run(mainOf(`throw ${expression};`));
          return `${status} ${error?.name}: ${error?.message}`;
        }),
      );
      expect(reports).toEqual([
        "error NonErrorThrown: The skill threw null, which is not an Error",
        "error NonErrorThrown: The skill threw undefined, which is not an Error",
        "error NonErrorThrown: The skill threw text, which is not an Error",
        "error NonErrorThrown: The skill threw Symbol(s), which is not an Error",
        "error NonErrorThrown: The skill threw 7n, which is not an Error",
        'error NonErrorThrown: The skill threw {"a":1}, which is not an Error',
        "error NonErrorThrown: The skill threw [unreadable object], which is not an Error",
        'error NonErrorThrown: The skill threw {"message":[getter],"name":[getter]}, which is not an Error',
        "error Error: m",
      ]);
    });

    test("endless recursion is a RangeError", async () => {
      const { status, error } = await run("export default function f() { return f() + 1 }");
      expect([status, error?.name, error?.message]).toEqual([
        "error",
        "RangeError",
        expect.stringContaining("Maximum call stack size exceeded"),
      ]);
    });

    test("JSON nested a million deep is an error, not a crash", async () => {
      const parse = await run(mainOf("JSON.parse('['.repeat(1e6));"));
      const result = await run(
        mainOf("let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a;"),
      );
      expect([parse.status, result.status]).toEqual(["error", "invalid-result"]);
    });

    test("a result has at most the 256 levels that a context may have", async () => {
      const nested = (levels: number): string =>
        mainOf(`let a = []; for (let i = 1; i < ${levels}; i++) a = [a]; return a;`);
      const deepest = await run(nested(256));
      const deeper = await run(nested(257));
      expect(deepest.status).toBe("ok");
      expect(findJsonDefect(JSON.parse(deepest.valueJson ?? "null"))).toBe(undefined);
      expect([deeper.status, deeper.error?.message]).toEqual([
        "invalid-result",
        "The result must be JSON, but it has nesting deeper than 256; return at most 256 levels",
      ]);
    });

    test("no stack and no message shows the host", async () => {
      const { error, logs } = await run(
        mainOf(
          "console.log(new Error('a').stack); host.tool(5).catch((e) => console.log(e.stack)); await null; throw new Error('b');",
        ),
      );
      const shown = JSON.stringify([error, logs]);
      expect(shown).not.toMatch(/file:|node_modules|quickjs|\.ts:/);
    });
  });

  describe("logs", () => {
    const { run } = useRunner(create);

    test("console calls are captured with their level, readable and bounded", async () => {
      const { logs, logsDropped } = await run(
        mainOf(
          "console.log('a', 1, { b: [true, null, 'x'] }); console.debug(undefined, -0, 1n, Symbol('s'));" +
            "console.info(new TypeError('bad')); const c = {}; c.c = c; console.warn(c, new Map([[1, 2]]), function f() {});" +
            "console.error({ get secret() { throw 1 } });",
        ),
      );
      expect(logs).toEqual([
        { level: "log", text: 'a 1 {"b":[true,null,"x"]}' },
        { level: "debug", text: "undefined -0 1n Symbol(s)" },
        { level: "info", text: "TypeError: bad" },
        { level: "warn", text: '{"c":[cycle]} Map(1) [function f]' },
        { level: "error", text: '{"secret":[getter]}' },
      ]);
      expect(logsDropped).toBe(0);
    });

    test("lines beyond the limit are counted, not kept", async () => {
      const { logs, logsDropped } = await run(
        mainOf("for (let i = 0; i < 1000; i++) console.log(i);"),
        {
          limits: { logLines: 2 },
        },
      );
      expect(logs.map(({ text }) => text)).toEqual(["0", "1"]);
      expect(logsDropped).toBe(998);
    });

    test("bytes beyond the limit are counted, not kept", async () => {
      const { logs, logsDropped } = await run(
        mainOf("console.log('é'.repeat(40)); console.log('é'.repeat(20)); console.log('ok');"),
        { limits: { logBytes: 90 } },
      );
      expect(logs.map(({ text }) => text)).toEqual(["é".repeat(40), "ok"]);
      expect(logsDropped).toBe(1);
    });

    test("logs of a run that failed are kept", async () => {
      const { status, logs } = await run(mainOf("console.log('before'); throw new Error('x');"));
      expect([status, logs]).toEqual(["error", [{ level: "log", text: "before" }]]);
    });

    test("logs of a run whose worker had to be killed are kept", async () => {
      const { status, logs } = await run(
        mainOf("console.log('before'); [].reverse.call({ length: 2 ** 53 - 1 });"),
        {
          limits: { timeoutMs: 150 },
        },
      );
      expect([status, logs]).toEqual(["timeout", [{ level: "log", text: "before" }]]);
    });
  });

  describe("check", () => {
    const runner = useRunner(create);

    test("a program that compiles has no issues and is not run", async () => {
      const code = "export default () => 1; for (;;);";
      expect(await runner.sandbox.check({ file: "a@1.js", code })).toEqual([]);
    });

    test("a syntax error has line and column", async () => {
      const issues = await runner.sandbox.check({
        file: "a@1.js",
        code: "export default () => {\n  let x = ;\n}",
      });
      expect(issues).toEqual([
        {
          path: "code",
          message: "SyntaxError: unexpected token in expression: ';'",
          expected: "a JavaScript module",
          received: '"let x = ;"',
          line: 2,
          column: 11,
        },
      ]);
    });

    test("unusable schemas are issues", async () => {
      const issues = await runner.sandbox.check({
        file: "a@1.js",
        code: "export default () => 1;",
        inputSchema: '{"type":"strin"}',
        outputSchema: "{",
      });
      expect(issues.map(({ path }) => path)).toEqual(["input", "output"]);
    });
  });
}
