import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonLines } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";
import { execution, runningWorkplace } from "./running-workplace.ts";

let place: Workplace;
beforeAll(async () => {
  place = await runningWorkplace();
});
afterAll(() => place[Symbol.dispose]());

describe("batch", () => {
  test("prints executions in the order of the items", async () => {
    const items = [
      { id: "loop" },
      { id: "greet", context: { name: "Ada" } },
      { id: "greet", context: { name: "Bob" }, version: 1 },
    ];
    const stdin = items.map((item) => JSON.stringify(item)).join("\n");
    const result = await place.run(
      ["batch", "-", "--timeout", "300ms", "--max-concurrent", "3", "--json"],
      { stdin },
    );
    expect(result).toMatchObject({ code: 124, stderr: "" });
    expect(jsonLines(result)).toMatchObject([
      { skillId: "loop", status: "timeout" },
      execution("greet", "ok", { value: "Hello Ada" }),
      execution("greet", "ok", { value: "Hello Bob" }),
    ]);
  });

  test("gives malformed lines a failing result of their own", async () => {
    const lines = [
      '{"id":"greet","context":{"name":"Ada"}}',
      '{"id":',
      '{"id":"greet","contxt":{}}',
      '"greet"',
      '{"id":"nobody"}',
    ];
    place.write("items.jsonl", lines.join("\n"));
    const result = await place.run(["batch", "items.jsonl", "--json"]);
    expect(result.code).toBe(4);
    const failed = (skillId: string, line: number, message: string): object =>
      execution(skillId, "error", {
        version: 0,
        line,
        error: { name: "RepertoireError", message, code: "INVALID_INPUT" },
      });
    expect(jsonLines(result)).toEqual([
      execution("greet", "ok", { value: "Hello Ada" }),
      failed("", 2, "items.jsonl:2:7 is not JSON: unexpected the end of the text"),
      failed("greet", 3, 'items.jsonl:3: an item has no field "contxt"; did you mean "context"?'),
      failed("", 4, 'items.jsonl:4: expected { id, context, version }, got "greet"'),
      execution("nobody", "not-found", { version: 0, error: expect.anything() as object }),
    ]);
  });

  test("is one line for each item in words", async () => {
    const stdin = '{"id":"greet","context":{"name":"Ada"}}\n{"id":"boom"}\n';
    const result = await place.run(["batch", "-"], { stdin });
    expect(result).toMatchObject({ code: 5, stderr: "" });
    expect(result.stdout).toMatch(
      /^ok greet@1 [\d.]+ ms "Hello Ada"\nerror boom@1 [\d.]+ ms TypeError: no such thing\n$/,
    );
  });

  test("is silent and fine for nothing to do", async () => {
    expect(await place.run(["batch", "-", "--json"], { stdin: "[]" })).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });
});
