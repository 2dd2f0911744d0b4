import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { mainOf, useRunner } from "./program-runner.contract.ts";
import type { CreateSandbox } from "./program-runner.contract.ts";

export function describeSchemas(create: CreateSandbox): void {
  describe("schemas", () => {
    const { run } = useRunner(create);
    const inputSchema = JSON.stringify({
      type: "object",
      properties: {
        items: {
          type: "array",
          items: {
            type: "object",
            properties: { name: { type: "string" }, "odd key": { type: "integer" } },
            required: ["name"],
            additionalProperties: false,
          },
        },
      },
      required: ["items"],
    });

    test("a context that matches runs", async () => {
      const { status } = await run(mainOf("return 1;"), {
        inputSchema,
        context: { items: [{ name: "a" }] },
      });
      expect(status).toBe("ok");
    });

    test("a context that does not match never runs, and every issue has its path", async () => {
      const { status, error, logs } = await run(mainOf("console.log('ran');"), {
        inputSchema,
        context: { items: [{ name: 5 }, { extra: 1 }, { name: "a", "odd key": "x" }] },
      });
      expect([status, logs]).toEqual(["invalid-context", []]);
      expect(error).toEqual({
        name: "InvalidContextError",
        message:
          "The context does not match the skill's input schema: items[0].name must be string (and 3 more)",
        issues: [
          {
            path: "items[0].name",
            message: "must be string",
            expected: "type string",
            received: "5",
          },
          {
            path: "items[1].name",
            message: "is required",
            expected: "a value",
            received: "nothing",
          },
          {
            path: "items[1].extra",
            message: "is not a known property",
            expected: "no such property",
            received: "a property",
          },
          {
            path: 'items[2]["odd key"]',
            message: "must be integer",
            expected: "type integer",
            received: '"x"',
          },
        ],
      });
    });

    test("at most ten issues are listed", async () => {
      const { error } = await run(mainOf("return 1;"), {
        inputSchema,
        context: { items: Array.from({ length: 50 }, () => ({ name: 1 })) },
      });
      expect(error?.issues?.length).toBe(10);
    });

    test("a result that does not match is an invalid result", async () => {
      const { status, error } = await run(mainOf("return { n: 'one' };"), {
        outputSchema: '{"properties":{"n":{"type":"number"}}}',
      });
      expect([status, error?.issues?.[0]?.path]).toEqual(["invalid-result", "n"]);
    });

    test("the schemas true and false accept all and nothing", async () => {
      const all = await run(mainOf("return 1;"), { inputSchema: "true", outputSchema: "true" });
      const nothing = await run(mainOf("return 1;"), { inputSchema: "false" });
      expect([all.status, nothing.status]).toEqual(["ok", "invalid-context"]);
    });

    test("a schema that is none is an error that names it", async () => {
      const { status, error } = await run(mainOf("return 1;"), {
        inputSchema: '{"$ref":"https://x.test/other"}',
      });
      expect([status, error?.name]).toEqual(["error", "SchemaError"]);
    });

    test("an $id that two skills share does not mix their schemas up", async () => {
      const shared = (type: string): string => JSON.stringify({ $id: "https://x.test/same", type });
      const first = await run(mainOf("return 1;"), { inputSchema: shared("object"), context: {} });
      const second = await run(mainOf("return 1;"), { inputSchema: shared("array"), context: {} });
      expect([first.status, second.status]).toEqual(["ok", "invalid-context"]);
    });

    test("a pattern that backtracks for ever ends as timeout", async () => {
      const { status, durationMs } = await run(mainOf("return 1;"), {
        inputSchema: '{"properties":{"s":{"pattern":"^(a+)+$"}}}',
        context: { s: `${"a".repeat(40)}!` },
        limits: { timeoutMs: 200 },
      });
      expect(status).toBe("timeout");
      expect(durationMs).toBeLessThan(2000);
    });

    test("an output pattern that backtracks for ever ends as timeout", async () => {
      const { status } = await run(mainOf("return 'a'.repeat(40) + '!';"), {
        outputSchema: '{"pattern":"^(a+)+$"}',
        limits: { timeoutMs: 200 },
      });
      expect(status).toBe("timeout");
    });

    test("a quadratic uniqueItems ends as timeout", async () => {
      const { status } = await run(mainOf("return 1;"), {
        inputSchema: '{"uniqueItems":true}',
        context: Array.from({ length: 50_000 }, (_, index) => ({ index })),
        limits: { timeoutMs: 300 },
      });
      expect(status).toBe("timeout");
    });

    test("a schema that refers to itself for ever does not end the worker", async () => {
      const { status } = await run(mainOf("return 1;"), { inputSchema: '{"$ref":"#"}' });
      expect(["error", "invalid-context"]).toContain(status);
    });
  });
}
