import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { ExecuteOptions } from "./execute-options.ts";
import { openLibrary } from "../open-library.ts";
import type { SkillLibrary } from "../skill-library.ts";

let temporary: TemporaryLibrary;
let library: SkillLibrary;

beforeAll(async () => {
  temporary = await temporaryLibrary({ embedder: false });
  library = temporary.library;
  await library.addMany(
    [
      draftOf("echo", "return context;"),
      draftOf("forever", "while (true) {}"),
      draftOf("forever-limited", "while (true) {}", { limits: { timeoutMs: 150 } }),
      draftOf("dice", "return [Math.random(), Math.random()];"),
      draftOf("hoard", "return new Array(context.n).fill(0.5).map((x, i) => x * i).length;", {
        limits: { memoryBytes: 2 * 2 ** 20 },
      }),
    ],
    { validate: false },
  );
});
afterAll(() => temporary[Symbol.asyncDispose]());

describe("options", () => {
  test("values that make no sense are refused with their name, their value and what is right", async () => {
    const refused: readonly (readonly [object, string])[] = [
      [{ timeoutMs: Number.NaN }, "`timeoutMs` to be a number above 0 and at most 600000, got NaN"],
      [{ timeoutMs: -1 }, "`timeoutMs` to be a number above 0 and at most 600000, got -1"],
      [{ timeoutMs: 0 }, "`timeoutMs` to be a number above 0 and at most 600000, got 0"],
      [{ timeoutMs: 600_001 }, "`timeoutMs` to be a number above 0 and at most 600000, got 600001"],
      [
        { timeoutMs: Infinity },
        "`timeoutMs` to be a number above 0 and at most 600000, got Infinity",
      ],
      [{ timeoutMs: "5" }, '`timeoutMs` to be a number above 0 and at most 600000, got "5"'],
      [{ version: 0 }, "`version` to be a whole number from 1 to 9007199254740991, got 0"],
      [{ version: 1.5 }, "`version` to be a whole number from 1 to 9007199254740991, got 1.5"],
      [{ seed: -1 }, "`seed` to be a whole number from 0 to 4294967295, got -1"],
      [{ seed: 2 ** 32 }, "`seed` to be a whole number from 0 to 4294967295, got 4294967296"],
    ];
    for (const [options, message] of refused) {
      await expect(library.execute("echo", {}, options)).rejects.toMatchObject({
        code: "INVALID_INPUT",
        message: `Expected ${message}`,
      });
    }
  });

  test("an option that does not exist is refused with those that do", async () => {
    await expect(library.execute("echo", {}, { timeout: 5 } as object)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message:
        "execute has no option `timeout`; it takes version, timeoutMs, limits, caller, query, policy, priority, seed, signal, onProgress",
    });
  });

  test("a seed makes Math.random repeat itself, and without one it does not", async () => {
    const roll = async (options: object): Promise<unknown> =>
      (await library.execute("dice", {}, options)).unwrap();
    const first = await roll({ seed: 7 });
    expect(await roll({ seed: 7 })).toEqual(first);
    expect(await roll({ seed: 8 })).not.toEqual(first);
    expect(await roll({})).not.toEqual(await roll({}));
  });

  test("progress is reported in order, with its message where there is one", async () => {
    await library.add(
      draftOf("steps", "host.progress(0); host.progress(0.5, 'half'); host.progress(1);"),
      {
        validate: false,
      },
    );
    const seen: unknown[] = [];
    const { hostCalls } = await library.execute(
      "steps",
      {},
      {
        onProgress: (...reported) => seen.push(reported),
      },
    );
    expect(seen).toEqual([
      [0, undefined],
      [0.5, "half"],
      [1, undefined],
    ]);
    expect(hostCalls).toBe(3);
  });

  test("an observer of progress that throws does not end the run", async () => {
    await library.add(draftOf("observed", "host.progress(0); return 'done';"), { validate: false });
    const execution = await library.execute(
      "observed",
      {},
      {
        onProgress: () => {
          throw new Error("observer");
        },
      },
    );
    expect(execution.unwrap()).toBe("done");
  });
});

describe("limits", () => {
  test("a skill's own time holds where the caller says nothing, and gives way where the caller does", async () => {
    expect((await library.execute("forever-limited")).error?.message).toContain("150 ms");
    expect(
      (await library.execute("forever-limited", {}, { timeoutMs: 250 })).error?.message,
    ).toContain("250 ms");
  });

  test("a skill's own memory holds", async () => {
    expect((await library.execute("hoard", { n: 1000 })).unwrap()).toBe(1000);
    expect((await library.execute("hoard", { n: 1_000_000 })).status).toBe("out-of-memory");
  });

  test("what a skill asks for is capped by the host", async () => {
    await using own = await temporaryLibrary({ embedder: false });
    await own.library.add(
      draftOf(
        "greedy",
        "if (context.loop) for (;;); return new Array(1e6).fill(0.5).map((x, i) => x * i).length;",
        {
          limits: { timeoutMs: 600_000, memoryBytes: 256 * 2 ** 20 },
        },
      ),
      { validate: false },
    );
    await own.library.close();
    await using strict = await openLibrary({
      path: own.path,
      embedder: false,
      sandbox: { workers: 1 },
      limits: { maxTimeoutMs: 120, maxMemoryBytes: 2 * 2 ** 20 },
    });
    expect((await strict.execute("greedy", { loop: true })).error?.message).toContain("120 ms");
    expect((await strict.execute("greedy", {})).status).toBe("out-of-memory");
    await expect(strict.execute("greedy", {}, { timeoutMs: 121 })).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
  });
});

describe("limits of one run", () => {
  test("go before the skill's own and the library's, up to the maxima, and time before them", async () => {
    const ending = async (options: ExecuteOptions): Promise<unknown> =>
      (await library.execute("forever-limited", {}, options)).error?.message;
    expect(await ending({ limits: { timeoutMs: 210 } })).toContain("210 ms");
    expect(await ending({ limits: { timeoutMs: 210 }, timeoutMs: 190 })).toContain("190 ms");
    const many = { limits: { memoryBytes: Number.MAX_SAFE_INTEGER } };
    expect((await library.execute("hoard", { n: 300_000 }, many)).unwrap()).toBe(300_000);
    expect((await library.execute("hoard", { n: 300_000 })).status).toBe("out-of-memory");
  });

  test("hold for the context and the calls as well", async () => {
    const tight = await library.execute("echo", { text: "long" }, { limits: { contextBytes: 5 } });
    expect(tight).toMatchObject({
      status: "invalid-context",
      error: {
        code: "LIMIT_EXCEEDED",
        message:
          "The context has 15 bytes; at most 5 are allowed; send less, or raise limits.contextBytes",
      },
    });
    const context = { text: "x".repeat(2 ** 20) };
    expect((await library.execute("echo", context)).status).toBe("invalid-context");
    const wide = { limits: { contextBytes: 2 ** 21 } };
    expect((await library.execute("echo", context, wide)).status).toBe("ok");
    await library.add(draftOf("calls", "for (let i = 0; i < 3; i++) await host.sleep(0);"));
    expect((await library.execute("calls", {}, { limits: { hostCalls: 2 } })).error?.name).toBe(
      "LimitError",
    );
  });

  test("are refused when they are unknown or make no sense", async () => {
    const refused: readonly (readonly [object, string])[] = [
      [{ timeout: 5 }, "limits has no option `timeout`"],
      [{ journalBytes: 5 }, "limits has no option `journalBytes`"],
      [{ cpuMs: 0 }, "Expected `limits.cpuMs` to be a whole number from 1"],
      [{ memoryBytes: 5 }, "Expected `limits.memoryBytes` to be a whole number from 1048576"],
      [{ hostCalls: 1.5 }, "Expected `limits.hostCalls` to be a whole number from 0"],
      [[], "Expected the options of limits to be an object"],
    ];
    for (const [limits, message] of refused)
      await expect(library.execute("echo", {}, { limits })).rejects.toMatchObject({
        code: "INVALID_INPUT",
        message: expect.stringContaining(message),
      });
  });
});

describe("versions and statuses", () => {
  test("the current version runs, or the one that is named", async () => {
    await library.add(draftOf("greeting", "return 'one';"));
    await library.add(draftOf("greeting", "return 'two';"), { expectedVersion: 1 });
    const runs = [
      await library.execute("greeting"),
      await library.execute("greeting", {}, { version: 1 }),
      await library.execute("greeting", {}, { version: 2 }),
    ];
    expect(runs.map(({ version, value }) => [version, value])).toEqual([
      [2, "two"],
      [1, "one"],
      [2, "two"],
    ]);
  });

  test("a deprecated skill runs with a warning that names its replacement", async () => {
    await library.add(draftOf("old", "return 1;"));
    await library.setStatus("old", "deprecated", { reason: "too slow", replacement: "echo" });
    const execution = await library.execute("old");
    expect([execution.value, execution.warnings]).toEqual([
      1,
      ['Skill "old" is deprecated: too slow; use "echo"'],
    ]);
  });

  test("a draft, a failed and a quarantined skill run only as a named version", async () => {
    await library.add(draftOf("unfinished", "return 1;", { status: "draft" }));
    await library.add(draftOf("broken", "return 2;"));
    await library.setStatus("broken", "failed");
    await library.add(draftOf("stopped", "return 3;"));
    await library.setStatus("stopped", "quarantined", { reason: "it deletes files" });
    const refusals = await Promise.all(
      ["unfinished", "broken", "stopped"].map((id) => library.execute(id).catch((error) => error)),
    );
    expect(refusals.map(({ code, message, details }) => ({ code, message, details }))).toEqual([
      {
        code: "NOT_EXECUTABLE",
        message:
          'Skill "unfinished" can not be run: it is draft; name version 1 to run it all the same',
        details: { skillId: "unfinished", version: 1, status: "draft" },
      },
      {
        code: "NOT_EXECUTABLE",
        message:
          'Skill "broken" can not be run: it is failed; name version 1 to run it all the same',
        details: { skillId: "broken", version: 1, status: "failed" },
      },
      {
        code: "NOT_EXECUTABLE",
        message:
          'Skill "stopped" can not be run: it is quarantined (it deletes files); name version 1 to run it all the same',
        details: { skillId: "stopped", version: 1, status: "quarantined" },
      },
    ]);
    const named = await Promise.all(
      ["unfinished", "broken", "stopped"].map((id) => library.execute(id, {}, { version: 1 })),
    );
    expect(named.map((execution) => execution.unwrap())).toEqual([1, 2, 3]);
  });

  test("a skill that is only to be read can not be run, by no name", async () => {
    const { code: _, ...draft } = draftOf("manual", "");
    await library.add({ ...draft, instructions: "# Read me" });
    for (const options of [{}, { version: 1 }]) {
      await expect(library.execute("manual", {}, options)).rejects.toMatchObject({
        code: "NOT_EXECUTABLE",
        message: 'Skill "manual" can not be run: it has instructions to read and no code to run',
      });
    }
  });

  test("a removed skill is not found", async () => {
    await library.add(draftOf("gone", "return 1;"));
    await library.remove("gone");
    expect((await library.execute("gone")).status).toBe("not-found");
  });
});
