import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { mainOf, useRunner } from "./program-runner.contract.ts";
import type { CreateSandbox } from "./program-runner.contract.ts";

export function describeCauses(create: CreateSandbox): void {
  describe("causes of an error", () => {
    const { run } = useRunner(create);

    test("the chain of causes is told, nearest first, each with its place", async () => {
      const code = [
        "const parse = (text) => {",
        "  throw new SyntaxError('no ' + text);",
        "};",
        "export default () => {",
        "  try {",
        "    try { parse('date'); } catch (cause) {",
        "      throw new RangeError('bad row', { cause });",
        "    }",
        "  } catch (cause) {",
        "    throw new Error('import failed', { cause });",
        "  }",
        "};",
      ].join("\n");
      const { error } = await run(code);
      expect(error).toMatchObject({ name: "Error", message: "import failed", line: 10 });
      expect(error?.causes).toEqual([
        { name: "RangeError", message: "bad row", line: 7, column: expect.any(Number) },
        { name: "SyntaxError", message: "no date", line: 2, column: expect.any(Number) },
      ]);
    });

    test("an error without a cause has none", async () => {
      const { error } = await run(mainOf("throw new Error('x');"));
      expect(error).not.toHaveProperty("causes");
    });

    test("a failed host call is a cause with the line that called", async () => {
      const code =
        "export default async (context, host) => {\n  try {\n    await host.tool('a');\n  } catch (cause) { throw new Error('outer', { cause }); }\n};";
      const { error } = await run(code, {
        onHostCall: async () => ({ ok: false, error: { name: "NotFound", message: "no page" } }),
      });
      expect(error?.causes).toMatchObject([{ name: "NotFound", message: "no page", line: 3 }]);
    });

    test("the first errors of an AggregateError are its causes", async () => {
      const body =
        "const fail = (message) => Promise.reject(new Error(message)); await Promise.any(['a', 'b', 'c'].map(fail));";
      const { error } = await run(mainOf(body));
      expect(error?.name).toBe("AggregateError");
      expect(error?.causes?.map(({ message }) => message)).toEqual(["a", "b", "c"]);
    });

    test("anything can be a cause", async () => {
      const body =
        "throw new AggregateError(['text', 7n, { message: 'like an error' }, { a: 1 }], 'x', { cause: Symbol('s') });";
      const { error } = await run(mainOf(body));
      expect(error?.causes).toEqual([
        { name: "NonError", message: "Symbol(s)" },
        { name: "NonError", message: "text" },
        { name: "NonError", message: "7n" },
        { name: "Error", message: "like an error" },
        { name: "NonError", message: '{"a":1}' },
      ]);
    });

    test("a cycle is told once", async () => {
      const body =
        "const a = new Error('a'); const b = new Error('b', { cause: a }); a.cause = b; throw b;";
      const { error } = await run(mainOf(body));
      expect(error?.causes?.map(({ message }) => message)).toEqual(["a"]);
    });

    test("eight causes are told", async () => {
      const body =
        "let e = new Error('0'); for (let i = 1; i < 100; i++) e = new Error(String(i), { cause: e }); throw e;";
      const { error } = await run(mainOf(body));
      expect(error?.causes?.map(({ message }) => message)).toEqual([
        "98",
        "97",
        "96",
        "95",
        "94",
        "93",
        "92",
        "91",
      ]);
    });

    test.each([
      [
        "long texts",
        "const e = (cause) => Object.assign(new Error('\\u0001'.repeat(1e5), { cause }), { name: 'n'.repeat(1e5) }); let all; for (let i = 0; i < 20; i++) all = e(all); throw all;",
      ],
      [
        "long stacks",
        "let all; for (let i = 0; i < 20; i++) { all = new Error('x', { cause: all }); all.stack = ('    at ' + 'f'.repeat(500) + ' (skill@1.js:1:1)\\n').repeat(1000); } throw all;",
      ],
      [
        "a getter that throws",
        "throw new Error('x', { cause: { get message() { throw 1; }, get name() { throw 2; } } });",
      ],
      [
        "a proxy that throws",
        "throw new Error('x', { cause: new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } }) });",
      ],
      [
        "a revoked list of errors",
        "const e = new Error('x'); const { proxy, revoke } = Proxy.revocable([], {}); revoke(); e.errors = proxy; throw e;",
      ],
      [
        "endless errors",
        "const e = new Error('x'); e.errors = new Proxy([], { get: (_, key) => key === 'length' ? Infinity : new Error(String(key)) }); throw e;",
      ],
      [
        "a cause that is another one each time",
        "throw { message: 'x', get cause() { return Object.create(this); } };",
      ],
    ])("%s make a short error", async (_what, body) => {
      const { status, error } = await run(mainOf(body));
      expect(status).toBe("error");
      expect(error?.causes?.length ?? 0).toBeLessThanOrEqual(8);
      expect(JSON.stringify(error).length).toBeLessThan(128 * 1024);
    });

    test("a getter that never returns ends at the deadline", async () => {
      const { status } = await run(mainOf("throw { get cause() { for (;;); } };"), {
        limits: { timeoutMs: 100 },
      });
      expect(status).toBe("timeout");
    });
  });
}
