import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { SkillDraft } from "../../skill/skill.ts";
import type { AddOutcome } from "./add-many.ts";
import type { SkillLibrary } from "../skill-library.ts";

let temporary: TemporaryLibrary;
let library: SkillLibrary;

beforeAll(async () => {
  temporary = await temporaryLibrary({ embedder: false });
  library = temporary.library;
});
afterAll(() => temporary[Symbol.asyncDispose]());

function drafts(prefix: string, count: number): SkillDraft[] {
  return Array.from({ length: count }, (_, index) =>
    draftOf(`${prefix}-${index}`, `return ${index};`),
  );
}

/** What came of each draft, in brief. */
function brief(outcome: AddOutcome): readonly unknown[] {
  return outcome.ok
    ? [outcome.index, outcome.id, outcome.version, outcome.created]
    : [outcome.index, outcome.id, outcome.error.code];
}

describe("addMany", () => {
  test("gives one outcome per draft, in order, each what add would give", async () => {
    const batch = [
      draftOf("one", "return 1;", { examples: [{ context: {}, result: 1 }] }),
      draftOf("two", "return 2;"),
    ];
    const outcomes = await library.addMany(batch, { author: "agent", message: "first" });
    expect(outcomes).toEqual([
      {
        ok: true,
        index: 0,
        id: "one",
        version: 1,
        revision: expect.any(Number),
        contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
        created: true,
        status: "active",
        checks: [
          { name: "structure", passed: true, durationMs: expect.any(Number) },
          { name: "example:0", passed: true, durationMs: expect.any(Number) },
        ],
        warnings: [],
      },
      expect.objectContaining({
        ok: true,
        index: 1,
        id: "two",
        warnings: ["it has no examples, so nothing shows yet that it works"],
      }),
    ]);
    expect(await library.getVersion("two")).toMatchObject({ author: "agent", message: "first" });
    expect(await library.addMany([])).toEqual([]);
  });

  test("a bad draft of any kind never spoils the good ones around it", async () => {
    await library.add(draftOf("taken", "return 0;"));
    const same = draftOf("same", "return 5;");
    const outcomes = await library.addMany([
      draftOf("good-1", "return 1;"),
      null,
      "text",
      { id: "No Id!", name: "x" },
      draftOf("unparsed", "return 1 +;"),
      draftOf("imports", "return import('fs');"),
      draftOf("bad-schema", "return 1;", { input: { type: "nmber" } }),
      draftOf("fails", "return 1;", { examples: [{ context: {}, result: 2 }] }),
      draftOf("taken", "return 1;"),
      draftOf("good-2", "return 2;"),
      draftOf("good-2", "return 'another';"),
      same,
      same,
      { ...draftOf("odd", "return 1;"), tags: [1n] },
      draftOf("good-3", "return 3;"),
    ]);
    expect(outcomes.map(brief)).toEqual([
      [0, "good-1", 1, true],
      [1, undefined, "INVALID_DRAFT"],
      [2, undefined, "INVALID_DRAFT"],
      [3, "No Id!", "INVALID_DRAFT"],
      [4, "unparsed", "INVALID_DRAFT"],
      [5, "imports", "INVALID_DRAFT"],
      [6, "bad-schema", "INVALID_DRAFT"],
      [7, "fails", "VALIDATION_FAILED"],
      [8, "taken", "VERSION_CONFLICT"],
      [9, "good-2", 1, true],
      [10, "good-2", "VERSION_CONFLICT"],
      [11, "same", 1, true],
      [12, "same", 1, false],
      [13, "odd", "INVALID_DRAFT"],
      [14, "good-3", 1, true],
    ]);
    const stored = await Promise.all(
      ["good-1", "good-2", "good-3", "same"].map((id) => library.execute(id)),
    );
    expect(stored.map(({ value }) => value)).toEqual([1, 2, 3, 5]);
    expect(await library.get("fails")).toBeUndefined();
    expect((await library.get("taken"))?.code).toContain("return 0;");
  });

  test("appends after whatever is current when told so, within the batch too", async () => {
    await library.add(draftOf("grown", "return 0;"));
    const outcomes = await library.addMany(
      [draftOf("grown", "return 1;"), draftOf("grown", "return 2;")],
      { expectedVersion: "any" },
    );
    expect(outcomes.map(brief)).toEqual([
      [0, "grown", 2, true],
      [1, "grown", 3, true],
    ]);
    expect((await library.execute("grown")).value).toBe(2);
  });

  test("reports each outcome in order, across the boundary of a transaction", async () => {
    const seen: AddOutcome[] = [];
    const outcomes = await library.addMany(drafts("chunk", 257), {
      validate: false,
      onResult: (outcome) => seen.push(outcome),
    });
    expect(seen).toEqual(outcomes);
    expect(outcomes.map(({ ok, index, id }) => [ok, index, id])).toEqual(
      drafts("chunk", 257).map(({ id }, index) => [true, index, id]),
    );
    expect((await library.execute("chunk-256")).value).toBe(256);
  });

  test("a duplicate on the other side of the boundary is a conflict", async () => {
    const batch = drafts("twice", 256);
    const outcomes = await library.addMany([...batch, draftOf("twice-0", "return 'other';")], {
      validate: false,
    });
    expect(outcomes.slice(255).map(brief)).toEqual([
      [255, "twice-255", 1, true],
      [256, "twice-0", "VERSION_CONFLICT"],
    ]);
  });

  test("cancelled midway keeps what was committed and says CANCELLED of the rest", async () => {
    const abort = new AbortController();
    const outcomes = await library.addMany(drafts("partly", 600), {
      validate: false,
      signal: abort.signal,
      onResult: ({ index }) => {
        if (index === 255) abort.abort();
      },
    });
    expect(outcomes.map(brief)).toEqual(
      drafts("partly", 600).map(({ id }, index) =>
        index < 256 ? [index, id, 1, true] : [index, id, "CANCELLED"],
      ),
    );
    expect(await library.get("partly-255")).toBeDefined();
    expect(await library.get("partly-256")).toBeUndefined();
  });

  test("two thousand drafts are all there, and each is itself", async () => {
    const batch = drafts("bulk", 2000);
    const outcomes = await library.addMany(batch, { validate: false });
    expect(outcomes.filter(({ ok }) => ok).length).toBe(2000);
    const stored = await Promise.all(batch.map(({ id }) => library.get(id)));
    expect(stored.map((skill) => skill?.code)).toEqual(batch.map(({ code }) => code));
  });

  test("refuses what is no batch, before anything is stored", async () => {
    const one = drafts("never", 1);
    await expect(library.addMany("x" as never)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: 'Expected `drafts` to be a list, got "x"',
    });
    await expect(library.addMany(one, { maxConcurrent: 0 })).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
    await expect(library.addMany(one, { concurrency: 1 } as object)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("addMany has no option `concurrency`"),
    });
    await expect(library.addMany(one, { expectedVersion: -1 })).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
    await expect(library.addMany(one, { expectedVersion: [-1] })).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
    await expect(library.addMany(one, { expectedVersion: [0, 0] })).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: "Expected `expectedVersion` to have one entry for each of the 1 drafts, got 2",
    });
    await using small = await temporaryLibrary({ embedder: false, limits: { batchItems: 2 } });
    await expect(small.library.addMany(drafts("few", 3))).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
      message: "`drafts` has 3 entries; at most 2 are allowed in one batch",
      details: { limit: "batchItems", max: 2, actual: 3 },
    });
    expect(await library.get("never-0")).toBeUndefined();
  });
});

describe("addMany of skills that call each other", () => {
  test("finds a skill that stands earlier in the same batch, and runs it for an example", async () => {
    await using place = await temporaryLibrary();
    const caller = draftOf("calls", "return host.skill('called', {});", {
      capabilities: { skills: ["called"] },
      examples: [{ context: {}, result: 7 }],
    });
    const outcomes = await place.library.addMany([draftOf("called", "return 7;"), caller]);
    expect(
      outcomes.map((outcome) => (outcome.ok ? outcome.warnings : outcome.error.message)),
    ).toEqual([["it has no examples, so nothing shows yet that it works"], []]);
  });
});

test("closing stops the examples of a draft that is being added", async () => {
  await using place = await temporaryLibrary();
  const endless = draftOf("endless", "for (;;) await null;", {
    examples: [{ context: {} }],
    limits: { timeoutMs: 60_000 },
  });
  const refused = expect(place.library.add(endless)).rejects.toMatchObject({ code: "CLOSED" });
  await place.library.execute("nothing");
  await place.library.close();
  await refused;
});
