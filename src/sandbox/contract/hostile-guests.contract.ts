import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { mainOf, useRunner } from "./program-runner.contract.ts";
import type { HostCallReply } from "../sandbox.ts";
import type { CreateSandbox } from "./program-runner.contract.ts";

/** Most characters the JSON text of any error may have. */
const ERROR_TEXT_LENGTH = 32 * 1024;

export function describeHostileGuests(create: CreateSandbox): void {
  describe("hostile guests", () => {
    const { run, value } = useRunner(create);

    test("a hook on stack traces is never called, so no internal function is handed out", async () => {
      const result = await value(
        `const functions = [];
         const hook = (_error, sites) => { for (const site of sites) functions.push(site.getFunction?.()?.name); return ""; };
         Error.prepareStackTrace = hook;
         Object.defineProperty(Error, "prepareStackTrace", { get: () => hook, set() {}, configurable: false });
         new Error("a").stack;
         Error.captureStackTrace({});
         try { null.x; } catch (error) { error.stack; }
         try { await host.tool(5); } catch (error) { error.stack; }
         await host.tool("a");
         await host.sleep(1);
         return functions;`,
      );
      expect(result).toEqual([]);
    });

    test("a number that JSON does not have can not be written into a result or an argument", async () => {
      expect(await value("return [typeof JSON.rawJSON, typeof JSON.isRawJSON];")).toEqual([
        "undefined",
        "undefined",
      ]);
      const outcome = await run(mainOf("return { a: JSON.rawJSON('1e999') };"));
      expect([outcome.status, outcome.valueJson]).toEqual(["error", undefined]);
    });

    test("an error a program names like the engine's is not out of memory", async () => {
      const forgeries = [
        "const e = new Error('out of memory'); e.name = 'InternalError'; throw e;",
        "throw { name: 'InternalError', message: 'out of memory' };",
        "class InternalError extends Error {} InternalError.prototype.name = 'InternalError'; throw new InternalError('out of memory');",
        "const make = globalThis.InternalError ?? Error; const e = new make('out of memory'); e.name = 'InternalError'; throw e;",
      ];
      const endings = await Promise.all(forgeries.map((body) => run(mainOf(body))));
      expect(endings.map(({ status, error }) => [status, error?.name])).toEqual(
        forgeries.map(() => ["error", "InternalError"]),
      );
    });

    test("an allocation the engine refused is out of memory, however little was in use", async () => {
      const { status } = await run(mainOf("new ArrayBuffer(2 ** 30);"));
      expect(status).toBe("out-of-memory");
    });

    test.each([
      ["a defect under a long key", "return { ['k'.repeat(1e6)]: () => 1 };"],
      [
        "a defect under many keys",
        "let a = { end: 1n }; for (let i = 0; i < 200; i++) a = { ['k'.repeat(1e4)]: a }; return a;",
      ],
      ["a long message", "throw new Error('é'.repeat(1e6));"],
      ["a long name", "const e = new Error('x'); e.name = 'n'.repeat(1e6); throw e;"],
      ["a long code", "throw Object.assign(new Error('x'), { code: 'c'.repeat(1e6) });"],
      [
        "a long function name",
        "const f = { ['f'.repeat(1e5)]() { null.x; } }; f['f'.repeat(1e5)]();",
      ],
      [
        "a forged stack",
        "const e = new Error('x'); e.stack = ('    at ' + 'f'.repeat(500) + ' (skill@1.js:1:1)\\n').repeat(1000); throw e;",
      ],
      ["a long text thrown", "throw 'x'.repeat(1e6);"],
      ["a long argument defect", "await host.tool('a', { ['k'.repeat(1e6)]: Symbol() });"],
    ])("%s makes a short error", async (_kind, body) => {
      const { error } = await run(mainOf(body));
      expect(JSON.stringify(error).length).toBeGreaterThan(10);
      expect(JSON.stringify(error).length).toBeLessThan(ERROR_TEXT_LENGTH);
    });

    test("the path of a defect is cut", async () => {
      const { error } = await run(mainOf("return { ['k'.repeat(1e6)]: { b: 1n } };"));
      expect(error?.issues?.[0]?.path).toBe(`${"k".repeat(199)}…`);
    });

    test("schema issues are short whatever the keys and the schema", async () => {
      const { status, error } = await run(mainOf("return 1;"), {
        context: { ["k".repeat(100_000)]: "v".repeat(100_000), short: "x" },
        inputSchema: JSON.stringify({
          properties: { short: { pattern: "p".repeat(1024) } },
          additionalProperties: false,
        }),
      });
      expect(status).toBe("invalid-context");
      expect(JSON.stringify(error).length).toBeLessThan(ERROR_TEXT_LENGTH);
    });

    test("a frame outside the source is dropped", async () => {
      const { error } = await run(
        mainOf(
          "const e = new Error('x'); e.stack = '    at f (skill@1.js:999:1)\\n    at g (skill@1.js:0:1)\\n    at h (skill@1.js:1:1)'; throw e;",
        ),
      );
      expect(error?.frames).toEqual([
        { functionName: "h", file: "skill@1.js", line: 1, column: 1 },
      ]);
    });
  });

  describe("what a run makes its host keep", () => {
    const { run, value } = useRunner(create);

    test.each(["tool", "skill", "fetch"])(
      "a name of host.%s has at most 8192 characters",
      async (method) => {
        const names: number[] = [];
        const result = await value(
          `const caught = []; for (const length of [8192, 8193, 1e6]) try { await host.${method}("é".repeat(length)); } catch (e) { caught.push([e.name, e.code]); } return caught;`,
          {
            onHostCall: async ({ name }) => {
              names.push(name.length);
              return { ok: true, value: null };
            },
          },
        );
        expect(result).toEqual([
          ["LimitError", "LIMIT_EXCEEDED"],
          ["LimitError", "LIMIT_EXCEEDED"],
        ]);
        expect(names).toEqual([8192]);
      },
    );

    test("a progress message is cut", async () => {
      const messages: (string | undefined)[] = [];
      await run(mainOf("host.progress(0.5, 'x'.repeat(1e6));"), {
        onProgress: (_fraction, message) => messages.push(message),
      });
      expect(messages).toEqual([`${"x".repeat(1023)}…`]);
    });

    test("the arguments of waiting calls have a limit together", async () => {
      const result = await value(
        "const all = await Promise.allSettled(Array.from({ length: 6 }, () => host.tool('a', 'x'.repeat(900)))); return all.map((r) => r.reason?.name ?? 'ok');",
        {
          limits: { resultBytes: 1000 },
          onHostCall: async () => ({ ok: true, value: null }),
        },
      );
      expect(result).toEqual(["ok", "ok", "ok", "ok", "LimitError", "LimitError"]);
    });

    test("arguments of answered calls are not kept", async () => {
      const result = await value(
        "for (let i = 0; i < 50; i++) await host.tool('a', 'x'.repeat(900)); return 'done';",
        { limits: { resultBytes: 1000 }, onHostCall: async () => ({ ok: true, value: null }) },
      );
      expect(result).toBe("done");
    });

    test("the answers of a run have a limit together", async () => {
      const { status, error } = await run(mainOf("for (;;) await host.tool('a');"), {
        limits: { resultBytes: 1000 },
        onHostCall: async () => ({ ok: true, value: "x".repeat(900) }),
      });
      expect([status, error?.name, error?.code]).toEqual(["error", "LimitError", "LIMIT_EXCEEDED"]);
    });

    test.each<[string, unknown]>([
      ["a function", { ok: false, error: { name: () => 1, message: "m" } }],
      ["a symbol", { ok: false, error: { name: "A", message: Symbol("m") } }],
      ["nothing", undefined],
      ["a BigInt", { ok: true, value: 1n }],
    ])("an answer with %s in it is a failure of the call alone", async (_kind, reply) => {
      const result = await value(
        "try { await host.tool('a'); return 'ok'; } catch (e) { return [typeof e.name, typeof e.message]; }",
        { onHostCall: async () => reply as HostCallReply },
      );
      expect(result).toEqual(["string", "string"]);
    });

    test("a failure's message is cut", async () => {
      const { error } = await run(mainOf("await host.tool('a');"), {
        onHostCall: async () => ({
          ok: false,
          error: { name: "n".repeat(1e6), message: "m".repeat(1e6), code: "c".repeat(1e6) },
        }),
      });
      expect([error?.name.length, error?.message.length, error?.code?.length]).toEqual([
        200, 8000, 100,
      ]);
    });

    test("the longest sleep does not break the clock", async () => {
      const { status } = await run(mainOf("await host.sleep(Infinity);"), {
        limits: { timeoutMs: 100 },
      });
      expect(status).toBe("timeout");
    });
  });
}
