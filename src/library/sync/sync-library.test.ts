import { rmSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { noteDraft, skillDraft } from "../../../test/support/skill-draft.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import { rejection, thrown } from "../../../test/support/thrown.ts";
import { InvalidDraftError, VersionConflictError } from "../../base/errors.ts";
import type { RepertoireError } from "../../base/errors.ts";
import type { JsonValue } from "../../base/json.ts";
import { memoryLocks } from "../../lock/memory-locks.ts";
import { Execution, SkillFailedError } from "../../skill/execution.ts";
import { sqliteSkillStore } from "../../store/sqlite/sqlite-skill-store.ts";
import { ValidationFailedError } from "../catalog/admission.ts";

/** A value with what differs from one call to the next replaced by its type. */
function comparable(value: unknown): unknown {
  const volatile = /^(?:runId|startedAt|lastUsedAt|createdAt|updatedAt|durationMs|cpuMs)$|Ms$/;
  return JSON.parse(
    JSON.stringify(value, (key, member: unknown) => (volatile.test(key) ? typeof member : member)),
  );
}

function errorFacts(error: RepertoireError): unknown {
  const { name, code, message, details } = error;
  const proto: unknown = Object.getPrototypeOf(error).constructor;
  return { ...(comparable({ name, code, message, details }) as object), proto };
}

test("each twin gives what its asynchronous method gives", async () => {
  await using asynchronous = await temporaryLibrary();
  await using synchronous = await temporaryLibrary();
  const { library } = asynchronous;
  const { sync } = synchronous.library;
  const draft = skillDraft("echo", { tags: ["text"], metadata: { deep: [1, { er: null }] } });
  expect(comparable(sync.add(draft))).toStrictEqual(comparable(await library.add(draft)));
  expect(comparable(sync.add(draft))).toStrictEqual(comparable(await library.add(draft)));
  const context = { text: "héllo \u{1F600}", list: [1.5, null, true] };
  const execution = sync.execute("echo", context, { seed: 1 });
  expect(execution).toBeInstanceOf(Execution);
  expect(comparable(execution)).toStrictEqual(
    comparable(await library.execute("echo", context, { seed: 1 })),
  );
  expect(execution.unwrap()).toStrictEqual(context);
  expect(comparable(sync.get("echo"))).toStrictEqual(comparable(await library.get("echo")));
  expect(comparable(sync.get("echo", { version: 1, useCache: false }))).toStrictEqual(
    comparable(await library.get("echo", { version: 1, useCache: false })),
  );
  expect(sync.get("absent")).toBeUndefined();
  expect(comparable(sync.search("says echo", { tags: ["text"] }))).toStrictEqual(
    comparable(await library.search("says echo", { tags: ["text"] })),
  );
  expect(comparable(sync.execute("absent"))).toStrictEqual(
    comparable(await library.execute("absent")),
  );
});

test("each way to fail is the same, with its class", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const { sync } = library;
  await library.add(noteDraft("note"));
  await library.add(skillDraft("stopped"));
  await library.setStatus("stopped", "quarantined", { reason: "leaks" });
  const wrong = skillDraft("wrong", { examples: [{ context: {}, result: 1 }] });
  const cases: readonly [() => unknown, () => Promise<unknown>][] = [
    [() => sync.add({ id: "Bad" }), () => library.add({ id: "Bad" })],
    [() => sync.add(() => 1), () => library.add(() => 1)],
    [
      () => sync.add(skillDraft("broken", { code: "export default (" })),
      () => library.add(skillDraft("broken", { code: "export default (" })),
    ],
    [() => sync.add(wrong), () => library.add(wrong)],
    [() => sync.add(noteDraft("note", "two")), () => library.add(noteDraft("note", "two"))],
    [
      () => sync.add(noteDraft("new"), { expected: 1 } as object),
      () => library.add(noteDraft("new"), { expected: 1 } as object),
    ],
    [() => sync.get("note", { version: 0 }), () => library.get("note", { version: 0 })],
    [() => sync.search(""), () => library.search("")],
    [() => sync.search("x".repeat(2001)), () => library.search("x".repeat(2001))],
    [() => sync.execute("note"), () => library.execute("note")],
    [
      () => sync.execute("note", (() => 1) as unknown as JsonValue),
      () => library.execute("note", (() => 1) as unknown as JsonValue),
    ],
    [() => sync.execute("stopped"), () => library.execute("stopped")],
    [
      () => sync.execute("stopped", {}, { timeoutMs: -1 }),
      () => library.execute("stopped", {}, { timeoutMs: -1 }),
    ],
  ];
  const codes: string[] = [];
  for (const [synchronous, asynchronous] of cases) {
    const error = thrown(synchronous);
    codes.push(error.code);
    expect(errorFacts(error)).toStrictEqual(errorFacts(await rejection(asynchronous())));
  }
  expect(codes).toStrictEqual([
    "INVALID_DRAFT",
    "INVALID_DRAFT",
    "INVALID_DRAFT",
    "VALIDATION_FAILED",
    "VERSION_CONFLICT",
    "INVALID_INPUT",
    "INVALID_INPUT",
    "INVALID_INPUT",
    "LIMIT_EXCEEDED",
    "NOT_EXECUTABLE",
    "NOT_EXECUTABLE",
    "NOT_EXECUTABLE",
    "INVALID_INPUT",
  ]);
  expect(thrown(() => sync.add({ id: "Bad" }))).toBeInstanceOf(InvalidDraftError);
  expect(thrown(() => sync.add(wrong))).toBeInstanceOf(ValidationFailedError);
  expect(thrown(() => sync.add(noteDraft("note", "2")))).toBeInstanceOf(VersionConflictError);
});

test("a skill's failure is a value, and unwrap throws it", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(
    skillDraft("broken", {
      code: "export default () => { throw new RangeError('no'); };",
      examples: [],
    }),
  );
  const execution = library.sync.execute("broken");
  expect(execution).toMatchObject({
    status: "error",
    error: { name: "RangeError", message: "no" },
  });
  expect(thrown(() => execution.unwrap())).toBeInstanceOf(SkillFailedError);
  expect(comparable(execution)).toStrictEqual(comparable(await library.execute("broken")));
});

test("a skill that never returns is stopped at its deadline", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(
    skillDraft("endless", { code: "export default () => { while (true) {} };", examples: [] }),
  );
  const startedMs = performance.now();
  const execution = library.sync.execute("endless", {}, { timeoutMs: 200 });
  expect(execution.status).toBe("timeout");
  expect(performance.now() - startedMs).toBeLessThan(10_000);
  // The thread is not stuck with it.
  expect(library.sync.get("endless")?.metrics.failures).toStrictEqual({ timeout: 1 });
});

const CALLER = `export default async (context, host) => {
  try { return await host.tool(context.tool, context.args); }
  catch (error) { return { name: error.name, message: error.message, code: error.code ?? null }; }
};`;

test("tools run on the caller's thread, and fail as they would asynchronously", async () => {
  const seen: unknown[] = [];
  const tools = {
    add: (args: JsonValue, { skillId, remainingMs }: { skillId: string; remainingMs: number }) => {
      seen.push([args, skillId, remainingMs > 0]);
      return (args as number[])[0]! + 1;
    },
    nothing: () => undefined,
    fails: () => {
      throw Object.assign(new RangeError("too far"), { code: "EFAR" });
    },
    unspeakable: () => (() => 1) as unknown as JsonValue,
  };
  await using fixture = await temporaryLibrary({ tools });
  const { library } = fixture;
  const names = Object.keys(tools);
  await library.add(
    skillDraft("caller", { code: CALLER, examples: [], capabilities: { tools: names } }),
  );
  expect(library.sync.execute("caller", { tool: "add", args: [41] }).unwrap()).toBe(42);
  expect(seen).toStrictEqual([[[41], "caller", true]]);
  for (const tool of [...names, "unknown"]) {
    const context = { tool, args: [1] };
    expect(comparable(library.sync.execute("caller", context))).toStrictEqual(
      comparable(await library.execute("caller", context)),
    );
  }
});

test("a tool that says what it takes is held to it by both, and the caller's policy holds", async () => {
  const seen: unknown[] = [];
  const send = {
    execute: (args: JsonValue): JsonValue => {
      seen.push(args);
      return "sent";
    },
    input: { type: "object", required: ["to"] },
  };
  await using fixture = await temporaryLibrary({
    tools: { send },
    policy: { callers: { reader: { tools: [] } } },
  });
  const { library } = fixture;
  await library.add(
    skillDraft("sends", {
      code: "export default (context, host) => host.tool('send', context);",
      examples: [],
      capabilities: { tools: ["send"] },
    }),
  );
  for (const [context, options] of [
    [{ to: "ada" }, { caller: "writer" }],
    [{ cc: "ada" }, {}],
    [{ to: "ada" }, { caller: "reader" }],
    [{ to: "ada" }, { policy: { tools: [] } }],
  ] as const)
    expect(comparable(library.sync.execute("sends", context, options))).toStrictEqual(
      comparable(await library.execute("sends", context, options)),
    );
  expect(seen).toStrictEqual([{ to: "ada" }, { to: "ada" }]);
});

test("an asynchronous tool fails, and says what to call instead", async () => {
  const later = async (): Promise<JsonValue> => {
    await wait(1);
    throw new Error("nobody hears this");
  };
  await using fixture = await temporaryLibrary({ tools: { later } });
  const { library } = fixture;
  await library.add(
    skillDraft("caller", { code: CALLER, examples: [], capabilities: { tools: ["later"] } }),
  );
  expect(library.sync.execute("caller", { tool: "later", args: {} }).unwrap()).toMatchObject({
    message:
      'Tool "later" is asynchronous, and the synchronous twins can not wait for it; call library.execute',
  });
});

test("a tool may call a synchronous twin itself, and each call gets its own answer", async () => {
  const ended: unknown[] = [];
  await using fixture = await temporaryLibrary({
    tools: {
      // The outer run has answered by the time the inner one ends.
      slow: () => {
        ended.push(fixture.library.sync.execute("sleeper").unwrap());
        return null;
      },
    },
    sandbox: { workers: 2 },
  });
  const { library } = fixture;
  await library.add(
    skillDraft("sleeper", {
      code: "export default async (_, host) => { await host.sleep(300); return 'inner'; };",
      examples: [],
    }),
  );
  await library.add(
    skillDraft("outer", {
      code: "export default (_, host) => { host.tool('slow', {}).catch(() => {}); return 'outer'; };",
      examples: [],
      capabilities: { tools: ["slow"] },
    }),
  );
  library.sync.get("outer");
  expect(library.sync.execute("outer").unwrap()).toBe("outer");
  expect(library.sync.execute("sleeper").unwrap()).toBe("inner");
  expect(ended).toStrictEqual(["inner"]);
});

test("progress arrives in order while the caller waits, and a failing observer changes nothing", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(
    skillDraft("steps", {
      code: "export default async (_, host) => { await host.progress(0.5, 'half'); await host.progress(1); return 'done'; };",
      examples: [],
    }),
  );
  const seen: unknown[] = [];
  const onProgress = (...given: readonly unknown[]): void => void seen.push(given);
  expect(library.sync.execute("steps", {}, { onProgress }).unwrap()).toBe("done");
  expect(seen).toStrictEqual([
    [0.5, "half"],
    [1, undefined],
  ]);
  const failing = (): never => {
    throw new Error("observer");
  };
  expect(library.sync.execute("steps", {}, { onProgress: failing }).unwrap()).toBe("done");
  expect(library.sync.get("steps")?.id).toBe("steps");
});

test("a context that is not JSON ends as it does asynchronously, and is counted", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(skillDraft("echo"));
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const contexts = [() => 1, { a: [Symbol("s")] }, 1n, { d: new Date() }, Number.NaN, cyclic];
  for (const given of contexts) {
    const context = given as unknown as JsonValue;
    const execution = library.sync.execute("echo", context);
    expect(execution.status).toBe("invalid-context");
    expect(comparable(execution)).toStrictEqual(comparable(await library.execute("echo", context)));
  }
  expect((await library.get("echo"))?.metrics).toMatchObject({
    uses: 2 * contexts.length,
    failures: { "invalid-context": 2 * contexts.length },
  });
});

test("both see each other's changes and runs at once", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const { sync } = library;
  sync.add(noteDraft("note", "one"));
  expect((await library.get("note"))?.instructions).toBe("one");
  await library.add(noteDraft("note", "two"), { expectedVersion: 1 });
  expect(sync.get("note")?.instructions).toBe("two");
  sync.add(skillDraft("echo"));
  expect((await library.search("echo")).matches.map(({ id }) => id)).toContain("echo");
  sync.execute("echo");
  expect((await library.get("echo"))?.metrics.uses).toBe(1);
});

test("drivers of the caller's own can not be reached from another thread", async () => {
  await using base = await temporaryLibrary();
  const store = await sqliteSkillStore({ path: `${base.path}/library.sqlite` });
  const locks = memoryLocks();
  const embedder = { id: "own", dimensions: 1, embed: () => Promise.resolve([]) };
  for (const [driver, options] of Object.entries({
    store: { store },
    locks: { locks },
    embedder: { embedder },
    clock: { clock: { now: () => 0, monotonicMs: () => 0 } },
  })) {
    await using fixture = await temporaryLibrary(options);
    const { sync } = fixture.library;
    for (const call of [
      () => sync.get("echo"),
      () => sync.add(noteDraft("note")),
      () => sync.search("note"),
      () => sync.execute("echo"),
    ])
      expect(thrown(call)).toMatchObject({ code: "SYNC_UNSUPPORTED", details: { driver } });
  }
  await store.close();
  await locks.close();
});

test("limits of the library hold, looser ones too", async () => {
  await using fixture = await temporaryLibrary({ limits: { nameLength: 200, queryLength: 10 } });
  const { sync } = fixture.library;
  const name = "n".repeat(150);
  expect(sync.add({ ...noteDraft("note"), name }).created).toBe(true);
  expect(thrown(() => sync.search("more than ten"))).toMatchObject({ code: "LIMIT_EXCEEDED" });
  expect(thrown(() => sync.add({ ...noteDraft("x"), name: "n".repeat(201) }))).toMatchObject({
    code: "INVALID_DRAFT",
  });
});

test("after close a twin says so, and no thread is left", async () => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === "MessagePort").length;
  await using fixture = await temporaryLibrary();
  fixture.library.sync.get("echo");
  await fixture.library.close();
  expect(thrown(() => fixture.library.sync.get("echo"))).toMatchObject({ code: "CLOSED" });
  const after = process.getActiveResourcesInfo().filter((kind) => kind === "MessagePort").length;
  expect(after).toBeLessThanOrEqual(before);
});

test("a library whose directory was deleted is not made anew by its synchronous twin", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await library.add(skillDraft("echo"));
  rmSync(path, { recursive: true });
  expect(thrown(() => library.sync.add(skillDraft("other")))).toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: `The library in ${path} was deleted or moved while it was open; close it, and open it again`,
  });
});
