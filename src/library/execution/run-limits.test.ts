import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import { rejection } from "../../../test/support/thrown.ts";
import { noteDraft } from "../../../test/support/skill-draft.ts";
import { openLibrary } from "../open-library.ts";
import type { LibraryOptions } from "../options.ts";
import type { SkillLibrary } from "../skill-library.ts";

let temporary: TemporaryLibrary;
let library: SkillLibrary;
let gate: PromiseWithResolvers<string>;
let held: number;
let onHeld: () => void;
let occupants: Promise<unknown> | undefined;

beforeAll(async () => {
  temporary = await temporaryLibrary({
    embedder: false,
    sandbox: { workers: 1, slotsPerWorker: 1 },
    limits: { queuedRuns: 2, queuedWrites: 1 },
    policy: { quotas: { rare: { runsPerMinute: 1 }, busy: { cpuMsPerMinute: 1 } } },
    tools: {
      hold: () => {
        held += 1;
        onHeld();
        return gate.promise;
      },
    },
  });
  library = temporary.library;
  await library.addMany(
    [
      draftOf("echo", "return context;"),
      draftOf("holds", "return await host.tool('hold');", { capabilities: { tools: ["hold"] } }),
      draftOf("computes", "let n = 0; for (let i = 0; i < 3e5; i++) n += i; return n;"),
      draftOf("calls", "return await host.skill('computes', {});", {
        capabilities: { skills: ["computes"] },
      }),
    ],
    { validate: false },
  );
});
afterAll(() => temporary[Symbol.asyncDispose]());
beforeEach(() => {
  gate = Promise.withResolvers();
  held = 0;
  onHeld = () => undefined;
});

/** Takes every place of the sandbox until the gate opens. */
async function occupy(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  onHeld = resolve;
  const runs = [1, 2].map(() => library.execute("holds", {}, { priority: "interactive" }));
  await promise;
  occupants = Promise.all(runs);
}

async function free(): Promise<void> {
  gate.resolve("free");
  await occupants;
}

describe("a run that waits", () => {
  test("keeps to its caller's deadline, and is no evidence against the skill", async () => {
    await occupy();
    const uses = (await library.get("echo"))?.metrics.uses;
    const execution = await library.execute("echo", {}, { timeoutMs: 30 });
    expect(execution).toMatchObject({
      skillId: "echo",
      version: 0,
      status: "timeout",
      error: { name: "Timeout", limit: "timeoutMs" },
    });
    expect(execution.error?.message).toMatch(
      /^The run waited \d+ ms for its turn and never began; allow it more time, or ask for fewer runs at once$/,
    );
    expect((await library.get("echo"))?.metrics.uses).toBe(uses);
    await free();
  });

  test("ends as cancelled when its signal aborts", async () => {
    await occupy();
    const controller = new AbortController();
    const waiting = library.execute("echo", {}, { signal: controller.signal });
    controller.abort();
    expect(await waiting).toMatchObject({ status: "cancelled", version: 0 });
    await free();
  });

  test("keeps to the deadline when it waits inside the sandbox as well", async () => {
    onHeld = () => undefined;
    const first = library.execute("holds", {});
    const begunMs = performance.now();
    const waiting = await library.execute("echo", {}, { timeoutMs: 100 });
    expect([waiting.status, waiting.error?.limit]).toEqual(["timeout", "timeoutMs"]);
    // It would otherwise wait for the other, which has 30 s.
    expect(performance.now() - begunMs).toBeLessThan(20_000);
    gate.resolve("free");
    expect((await first).status).toBe("ok");
  });
});

describe("back-pressure", () => {
  test("a full line refuses a run, and a batch before any of it has run", async () => {
    await occupy();
    const waiting = [library.execute("echo", 1), library.execute("echo", 2)];
    expect(await rejection(library.execute("echo", 3))).toMatchObject({
      code: "LIMIT_EXCEEDED",
      details: {
        limit: "queuedRuns",
        max: 2,
        queued: 2,
        retryAfterMs: expect.any(Number) as number,
      },
    });
    const results: unknown[] = [];
    const batch = library.executeMany([{ id: "echo" }], { onResult: (run) => results.push(run) });
    expect((await rejection(batch)).code).toBe("LIMIT_EXCEEDED");
    expect((await rejection(library.compose(["echo"]))).code).toBe("LIMIT_EXCEEDED");
    expect(results).toEqual([]);
    expect((await library.stats()).queue).toMatchObject({
      waiting: { interactive: 0, normal: 2, batch: 0 },
      capacity: 1,
      maxWaiting: 2,
    });
    await free();
    expect((await Promise.all(waiting)).map(({ value }) => value)).toEqual([1, 2]);
  });

  test("a batch larger than the line does not trip over itself", async () => {
    const items = Array.from({ length: 20 }, (_, n) => ({ id: "echo", context: n }));
    const runs = await library.executeMany(items, { maxConcurrent: 20 });
    expect(runs.map(({ value }) => value)).toEqual(items.map(({ context }) => context));
    const drafts = Array.from({ length: 5 }, (_, n) => noteDraft(`many-${n}`));
    expect((await library.addMany(drafts)).map(({ ok }) => ok)).toEqual(drafts.map(() => true));
  });

  test("too many writes at once are refused, and none of them is half there", async () => {
    const first = library.add(noteDraft("first"));
    expect(await rejection(library.add(noteDraft("second")))).toMatchObject({
      code: "LIMIT_EXCEEDED",
      details: {
        limit: "queuedWrites",
        max: 1,
        queued: 1,
        retryAfterMs: expect.any(Number) as number,
      },
    });
    expect((await rejection(library.remove("echo"))).code).toBe("LIMIT_EXCEEDED");
    expect((await first).created).toBe(true);
    expect(await library.get("second")).toBeUndefined();
    expect((await library.stats()).writes).toMatchObject({ underWay: 0, max: 1, refused: 2 });
    await library.add(noteDraft("second"));
  });
});

describe("the time of a whole", () => {
  test("batch ends what runs and what has not begun, as timeouts", async () => {
    const runs = await library.executeMany([{ id: "holds" }, { id: "holds" }, { id: "echo" }], {
      totalTimeoutMs: 100,
      maxConcurrent: 1,
    });
    expect(runs.map(({ status }) => status)).toEqual(["timeout", "timeout", "timeout"]);
    expect(runs.map(({ version }) => version)).toEqual([1, 0, 0]);
    expect(held).toBe(1);
    await free();
  });

  test("workflow ends the step in flight and begins none", async () => {
    const run = await library.compose(["holds", "echo"], {}, { totalTimeoutMs: 100 });
    expect([run.status, run.steps.map(({ status }) => status)]).toEqual([
      "timeout",
      ["timeout", "skipped"],
    ]);
    await free();
  });

  test("run holds for what it calls", async () => {
    const nested = await library.execute("calls", {}, { timeoutMs: 5000 });
    expect(nested.status).toBe("ok");
  });
});

describe("a quota", () => {
  test("of runs refuses the caller, and lets its batches wait", async () => {
    expect((await library.execute("echo", 1, { caller: "rare" })).status).toBe("ok");
    expect(await rejection(library.execute("echo", 1, { caller: "rare" }))).toMatchObject({
      code: "LIMIT_EXCEEDED",
      details: { limit: "runsPerMinute", max: 1, actual: 1, caller: "rare" },
    });
    const [late] = await library.executeMany([{ id: "echo" }], {
      caller: "rare",
      totalTimeoutMs: 50,
    });
    expect(late).toMatchObject({ status: "timeout", version: 0 });
    expect((await library.execute("echo", 1, { caller: "other" })).status).toBe("ok");
  });

  test("of processor time counts what the caller's runs have called", async () => {
    const { cpuMs } = await library.execute("calls", {}, { caller: "busy" });
    expect(cpuMs).toBeGreaterThanOrEqual(0);
    const { details } = await rejection(library.execute("echo", 1, { caller: "busy" }));
    expect(details).toMatchObject({ limit: "cpuMsPerMinute", max: 1, caller: "busy" });
    expect(details["actual"] as number).toBeGreaterThan(cpuMs);
  });
});

describe("what is wrong is refused by name", () => {
  test("options of runs, batches and workflows", async () => {
    const priority = "urgent" as "normal";
    const wrong = [
      library.execute("echo", {}, { priority }),
      library.executeMany([], { priority }),
      library.compose(["echo"], {}, { priority }),
      library.executeMany([], { totalTimeoutMs: Number.NaN }),
      library.compose(["echo"], {}, { totalTimeoutMs: -1 }),
    ];
    const messages = await Promise.all(wrong.map(async (call) => (await rejection(call)).message));
    expect(messages).toEqual([
      ...Array.from(
        { length: 3 },
        () => 'Expected `priority` to be one of interactive, normal, batch, got "urgent"',
      ),
      "Expected `totalTimeoutMs` to be a number above 0 and at most 2147483647, got NaN",
      "Expected `totalTimeoutMs` to be a number above 0 and at most 2147483647, got -1",
    ]);
  });

  test("quotas and limits of a library", async () => {
    const refusalOf = async (options: LibraryOptions): Promise<string> => {
      const { code, message } = await rejection(openLibrary({ path: temporary.path, ...options }));
      return `${code}: ${message}`;
    };
    const quotas = (value: unknown): LibraryOptions => ({
      policy: { quotas: value as Record<string, object> },
    });
    expect(await refusalOf(quotas([]))).toBe(
      "INVALID_INPUT: Expected `policy.quotas` to be an object of quotas by caller, got []",
    );
    expect(await refusalOf(quotas({ a: { runs: 1 } }))).toBe(
      'INVALID_INPUT: policy.quotas["a"] has no option `runs`; it takes concurrentRuns, queuedRuns, runsPerSecond, runsPerMinute, cpuMsPerMinute',
    );
    expect(await refusalOf(quotas({ a: { runsPerSecond: 0.5 } }))).toBe(
      'INVALID_INPUT: Expected `policy.quotas["a"].runsPerSecond` to be a whole number from 1 to 1000000000, got 0.5',
    );
    expect(await refusalOf({ limits: { queuedRuns: 0 } })).toContain("limits.queuedRuns");
    expect(await refusalOf({ limits: { queuedWrites: 0 } })).toContain("limits.queuedWrites");
  });
});
