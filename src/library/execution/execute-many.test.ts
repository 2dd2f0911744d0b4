import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { ExecuteManyItem } from "./execute-many.ts";
import type { SkillLibrary } from "../skill-library.ts";

let temporary: TemporaryLibrary;
let library: SkillLibrary;
let running = 0;
let most = 0;

beforeAll(async () => {
  temporary = await temporaryLibrary({
    embedder: false,
    sandbox: { workers: 2 },
    tools: {
      count: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        return most;
      },
    },
  });
  library = temporary.library;
  const { code: _, ...manual } = draftOf("manual", "");
  await library.addMany(
    [
      draftOf("echo", "return context;"),
      draftOf("counts", "return await host.tool('count');", { capabilities: { tools: ["count"] } }),
      draftOf("forever", "host.progress(0); for (;;) await null;"),
      draftOf("throws", "throw new RangeError('no');"),
      { ...manual, instructions: "# Read me" },
    ],
    { validate: false },
  );
  await library.add(draftOf("echo", "return 'second';"), { expectedVersion: 1 });
});
afterAll(() => temporary[Symbol.asyncDispose]());

describe("executeMany", () => {
  test("gives executions in the order of the items, and reports each with its index", async () => {
    const seen: unknown[] = [];
    const items = Array.from({ length: 30 }, (_, n) => ({
      id: "echo",
      context: { n },
      version: 1,
    }));
    const executions = await library.executeMany(items, {
      onResult: (execution, index) => {
        seen[index] = execution;
      },
    });
    expect(executions.map(({ value }) => value)).toEqual(items.map(({ context }) => context));
    expect(seen).toEqual(executions);
    expect(new Set(executions.map(({ runId }) => runId)).size).toBe(30);
    expect(await library.executeMany([])).toEqual([]);
  });

  test("one item that is wrong, in any way, never spoils the others", async () => {
    const executions = await library.executeMany([
      { id: "echo" },
      { id: "manual" },
      { id: "no-such-skill" },
      null,
      "echo",
      { context: {} },
      { id: "echo", version: Number.NaN },
      { id: "echo", contxt: {} },
      { id: "throws" },
      { id: "echo", context: 1n, version: 1 },
      { id: "echo", context: { last: true }, version: 1 },
    ] as unknown as ExecuteManyItem[]);
    expect(
      executions.map(({ skillId, version, status, error }) => [
        skillId,
        version,
        status,
        error?.code ?? error?.name,
      ]),
    ).toEqual([
      ["echo", 2, "ok", undefined],
      ["manual", 0, "error", "NOT_EXECUTABLE"],
      ["no-such-skill", 0, "not-found", "SKILL_NOT_FOUND"],
      ["null", 0, "error", "INVALID_INPUT"],
      ['"echo"', 0, "error", "INVALID_INPUT"],
      ['{"context":{}}', 0, "error", "INVALID_INPUT"],
      ["echo", 0, "error", "INVALID_INPUT"],
      ["echo", 0, "error", "INVALID_INPUT"],
      ["throws", 1, "error", "RangeError"],
      ["echo", 1, "invalid-context", "INVALID_INPUT"],
      ["echo", 1, "ok", undefined],
    ]);
    expect(executions[7]?.error?.message).toBe(
      "A batch item has no option `contxt`; it takes id, context, version",
    );
    expect([executions[0]?.value, executions[10]?.value]).toEqual(["second", { last: true }]);
  });

  test("never has more runs in flight than allowed", async () => {
    most = 0;
    await library.executeMany(
      Array.from({ length: 20 }, () => ({ id: "counts" })),
      { maxConcurrent: 3 },
    );
    expect(most).toBe(3);
  });

  test("a time limit holds for each item", async () => {
    const executions = await library.executeMany(
      [{ id: "echo" }, { id: "forever" }, { id: "forever" }, { id: "echo" }],
      { timeoutMs: 150, maxConcurrent: 2 },
    );
    expect(executions.map(({ status }) => status)).toEqual(["ok", "timeout", "timeout", "ok"]);
  });

  test("cancelling the batch ends what runs and starts nothing more", async () => {
    const abort = new AbortController();
    const executions = await library.executeMany(
      [{ id: "echo" }, { id: "forever" }, { id: "echo" }, { id: "echo" }],
      {
        maxConcurrent: 1,
        signal: abort.signal,
        onResult: (_, index) => {
          if (index === 0) setTimeout(() => abort.abort(), 30);
        },
      },
    );
    expect(executions.map(({ status, version }) => [status, version])).toEqual([
      ["ok", 2],
      ["cancelled", 1],
      ["cancelled", 0],
      ["cancelled", 0],
    ]);
    expect(executions[3]?.error).toEqual({
      name: "RepertoireError",
      message: "The batch was cancelled by its signal",
      code: "CANCELLED",
    });
  });

  test("refuses what is no batch", async () => {
    await expect(library.executeMany({} as never)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: "Expected `items` to be a list, got {}",
    });
    for (const options of [{ maxConcurrent: 1.5 }, { timeoutMs: -1 }, { timeout: 1 }]) {
      await expect(library.executeMany([{ id: "echo" }], options as object)).rejects.toMatchObject({
        code: "INVALID_INPUT",
      });
    }
    await using small = await temporaryLibrary({ embedder: false, limits: { batchItems: 1 } });
    await expect(small.library.executeMany([{ id: "a" }, { id: "b" }])).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
      message: "`items` has 2 entries; at most 1 are allowed in one batch",
    });
  });
});
