/**
 * What every skill store must do, whatever it is made of. A driver passes a function that makes an
 * empty place for data; each `connect` opens the same data as another process would.
 */
import { afterEach, beforeEach, contractSuite, test } from "../testing/contract/contract-suite.ts";
import type { ContractSuite } from "../testing/contract/contract-suite.ts";
import { expect } from "../testing/contract/expect.ts";
import type { Clock } from "../base/clock.ts";
import { VersionConflictError } from "../base/errors.ts";
import type { SkillStatus } from "../skill/skill.ts";
import type { ExpectedVersion, SkillStore, StatusChange } from "./skill-store.ts";
import {
  FULLEST_DEFINITION,
  newVersion,
  SMALLEST_DEFINITION,
} from "./testing-fixtures/new-version.ts";
import {
  compareRandomSequences,
  compareWithModel,
} from "./testing-fixtures/skill-store-operations.ts";

export interface SkillStorePlace {
  connect(clock: Clock): Promise<SkillStore>;
  dispose(): Promise<void>;
}

const AT = "2026-01-02T03:04:05.678Z";
const CLOCK: Clock = { now: () => Date.parse(AT), monotonicMs: () => performance.now() };

export function skillStoreContract(
  name: string,
  open: () => Promise<SkillStorePlace>,
): ContractSuite {
  return contractSuite(`${name} keeps the contract of skill stores`, () => {
    let place: SkillStorePlace;
    let store: SkillStore;
    let opened: SkillStore[];

    async function connect(clock = CLOCK): Promise<SkillStore> {
      const connected = await place.connect(clock);
      opened.push(connected);
      return connected;
    }

    beforeEach(async () => {
      opened = [];
      place = await open();
      store = await connect();
    });

    afterEach(async () => {
      await Promise.all(opened.map((each) => each.close()));
      await place.dispose();
    });

    test("the smallest version comes back as it was stored, with absent fields absent", async () => {
      const item = newVersion("echo");
      expect(await store.append(item)).toStrictEqual({
        id: "echo",
        version: 1,
        revision: 1,
        contentHash: item.contentHash,
        status: "active",
        created: true,
        createdAt: AT,
      });
      expect(await store.find("echo")).toStrictEqual({
        id: "echo",
        version: 1,
        revision: 1,
        contentHash: item.contentHash,
        status: "active",
        checks: [],
        createdAt: AT,
        ...SMALLEST_DEFINITION,
      });
    });

    test("a version with every field comes back as it was stored, after reopening too", async () => {
      const issue = {
        path: "code",
        message: "m",
        expected: "e",
        received: "r",
        line: 1,
        column: 2,
      };
      const rest = {
        program: "export default (context) => context; // 🧪\u0000",
        status: "draft" as const,
        checks: [{ name: "example:0", passed: false, durationMs: 1.25, issue }],
        author: "agent\u0000 \ud800 7",
        message: "first",
      };
      const item = newVersion("ns/full", FULLEST_DEFINITION, rest);
      await store.append(item);
      await store.close();
      const { program, status, checks, author, message } = rest;
      const reopened = await connect();
      expect(await reopened.find("ns/full")).toStrictEqual({
        id: "ns/full",
        version: 1,
        revision: 1,
        contentHash: item.contentHash,
        status,
        checks,
        author,
        message,
        createdAt: AT,
        ...FULLEST_DEFINITION,
        program,
      });
      expect(await reopened.list({ limit: 1 })).toMatchObject([
        { name: FULLEST_DEFINITION.name, description: FULLEST_DEFINITION.description },
      ]);
    });

    test("a skill of instructions alone has neither code nor program", async () => {
      const { code: _code, ...definition } = SMALLEST_DEFINITION;
      const { definition: _definition, ...rest } = newVersion("guide");
      await store.append({ ...rest, definition: { ...definition, instructions: "# Read me" } });
      const found = await store.find("guide");
      expect(found?.instructions).toBe("# Read me");
      expect(Object.keys(found ?? {})).not.toContain("code");
      expect(Object.keys(found ?? {})).not.toContain("program");
      expect(await store.list({ limit: 1 })).toMatchObject([{ id: "guide", executable: false }]);
    });

    test("what a caller does to a returned value reaches no later reader", async () => {
      await store.append(newVersion("echo", { tags: ["a"] }));
      const found = await store.find("echo");
      Object.assign(found?.tags ?? [], ["b"]);
      Object.assign(found?.metadata ?? {}, { x: 1 });
      expect(found).toMatchObject({ tags: ["b"], metadata: { x: 1 } });
      expect(await store.find("echo")).toMatchObject({ tags: ["a"], metadata: {} });
    });

    test("an append whose expectation fails says what it found and writes nothing", async () => {
      const first = newVersion("echo");
      await store.append(first);
      const second = newVersion("echo", { name: "Second" });
      await expect(store.append(second)).rejects.toStrictEqual(
        new VersionConflictError("echo", 0, 1, first.contentHash),
      );
      await expect(store.append({ ...second, expectedVersion: 2 })).rejects.toStrictEqual(
        new VersionConflictError("echo", 2, 1, first.contentHash),
      );
      await expect(
        store.append({ ...second, id: "new", expectedVersion: 1 }),
      ).rejects.toStrictEqual(new VersionConflictError("new", 1, 0, undefined));
      expect(await store.changesSince(0, 10)).toHaveLength(1);
      expect(await store.history("new")).toStrictEqual([]);
    });

    test("content identical to the current version is no conflict, whatever was expected", async () => {
      const first = await store.append(newVersion("echo"));
      for (const expectedVersion of [0, 1, 7, "any"] as const)
        expect(await store.append(newVersion("echo", {}, { expectedVersion }))).toStrictEqual({
          ...first,
          created: false,
        });
      expect(await store.revision()).toBe(1);
    });

    test("content of an older version is a new version", async () => {
      await store.append(newVersion("echo"));
      await store.append(newVersion("echo", { name: "Second" }, { expectedVersion: 1 }));
      const third = await store.append(newVersion("echo", {}, { expectedVersion: "any" }));
      expect(third).toMatchObject({ version: 3, revision: 3, created: true });
      expect(
        (await store.history("echo")).map(({ version, name }) => [version, name]),
      ).toStrictEqual([
        [1, "Echo"],
        [2, "Second"],
        [3, "Echo"],
      ]);
    });

    test("a batch appends in order, and a conflict fails its item alone", async () => {
      const first = newVersion("a");
      const changed = newVersion("a", { name: "Changed" }, { expectedVersion: 1 });
      const outcomes = await store.appendMany([
        first,
        newVersion("a", { name: "Conflicting" }),
        newVersion("b"),
        changed,
        newVersion("b"),
      ]);
      const appended = { status: "active", created: true, createdAt: AT };
      const { contentHash } = first;
      expect(outcomes).toStrictEqual([
        { ok: true, appended: { ...appended, id: "a", version: 1, revision: 1, contentHash } },
        { ok: false, expected: 0, actual: 1, actualHash: contentHash },
        { ok: true, appended: { ...appended, id: "b", version: 1, revision: 2, contentHash } },
        {
          ok: true,
          appended: {
            ...appended,
            id: "a",
            version: 2,
            revision: 3,
            contentHash: changed.contentHash,
          },
        },
        {
          ok: true,
          appended: { ...appended, id: "b", version: 1, revision: 2, contentHash, created: false },
        },
      ]);
      expect(await store.revision()).toBe(3);
      expect(await store.appendMany([])).toStrictEqual([]);
    });

    test("a status belongs to the version that was current, with its reason and replacement", async () => {
      await store.append(newVersion("echo"));
      const change = { status: "deprecated", reason: "slow \u0000!", replacement: "fast" } as const;
      const written = await store.setStatus("echo", { ...change, expectedVersion: 1 });
      expect(written).toStrictEqual({ version: 1, revision: 2 });
      await store.append(newVersion("echo", { name: "Second" }, { expectedVersion: 1 }));
      const deprecated = {
        status: "deprecated",
        statusReason: "slow \u0000!",
        replacement: "fast",
      };
      expect(await store.find("echo", { version: 1 })).toMatchObject(deprecated);
      const [first, second] = await store.history("echo");
      expect(first).toMatchObject(deprecated);
      expect(second).not.toHaveProperty("statusReason");
      expect(second).not.toHaveProperty("replacement");
      expect(second?.status).toBe("active");
    });

    test("a status set again with the same reason and replacement makes no revision", async () => {
      await store.append(newVersion("echo"));
      const active = { status: "active", expectedVersion: "any" } as const;
      expect(await store.setStatus("echo", active)).toStrictEqual({ version: 1, revision: 1 });
      const change = { status: "deprecated", reason: "slow", replacement: "fast" } as const;
      const set = await store.setStatus("echo", { ...change, expectedVersion: "any" });
      expect(set).toStrictEqual({ version: 1, revision: 2 });
      await store.append(newVersion("other"));
      expect(await store.setStatus("echo", { ...change, expectedVersion: 1 })).toStrictEqual(set);
      await expect(
        store.setStatus("echo", { ...change, expectedVersion: 2 }),
      ).rejects.toBeInstanceOf(VersionConflictError);
      expect(await store.revision()).toBe(3);
      expect(await store.changesSince(3, 10)).toStrictEqual([]);

      const { status, reason, replacement } = change;
      for (const [index, different] of [
        { status, reason },
        { status, replacement },
        { status, reason: "slower", replacement },
        { status: "failed", reason: "slower", replacement },
      ].entries())
        expect(
          await store.setStatus("echo", { ...different, expectedVersion: 1 } as StatusChange),
        ).toStrictEqual({ version: 1, revision: 4 + index });
    });

    test("status and removal of what is not there, or not as expected, are refused", async () => {
      const status = { status: "failed", expectedVersion: "any" } as const;
      await expect(store.setStatus("none", status)).rejects.toMatchObject({
        code: "SKILL_NOT_FOUND",
      });
      await expect(store.remove("none", "any")).rejects.toMatchObject({ code: "SKILL_NOT_FOUND" });
      const { contentHash } = await store.append(newVersion("echo"));
      const conflict = new VersionConflictError("echo", 2, 1, contentHash);
      await expect(
        store.setStatus("echo", { ...status, expectedVersion: 2 }),
      ).rejects.toStrictEqual(conflict);
      await expect(store.remove("echo", 2)).rejects.toStrictEqual(conflict);
      await store.remove("echo", 1);
      await expect(store.setStatus("echo", status)).rejects.toMatchObject({
        code: "SKILL_NOT_FOUND",
      });
      await expect(store.remove("echo", "any")).rejects.toMatchObject({ code: "SKILL_NOT_FOUND" });
      expect(await store.revision()).toBe(2);
    });

    test("a removed skill keeps its history, and its count goes on when it comes back", async () => {
      const first = await store.append(newVersion("echo", { tags: ["a"] }));
      expect(await store.remove("echo", 1)).toStrictEqual({ version: 1, revision: 2 });
      expect(await store.find("echo")).toBeUndefined();
      expect(await store.find("echo", { version: 1 })).toMatchObject({
        version: 1,
        status: "active",
      });
      expect(await store.history("echo")).toHaveLength(1);
      expect(await store.list({ limit: 10 })).toStrictEqual([]);
      expect(await store.list({ limit: 10, tags: ["a"] })).toStrictEqual([]);
      expect(await store.findMany(["echo"])).toStrictEqual([]);
      await expect(
        store.append(newVersion("echo", { tags: ["a"] }, { expectedVersion: 1 })),
      ).rejects.toStrictEqual(new VersionConflictError("echo", 1, 0, undefined));
      expect(await store.append(newVersion("echo", { tags: ["a"] }))).toStrictEqual({
        ...first,
        version: 2,
        revision: 3,
      });
      expect(await store.list({ limit: 10, tags: ["a"] })).toMatchObject([
        { id: "echo", version: 2 },
      ]);
    });

    test("a skill is found as it was at any revision", async () => {
      await store.append(newVersion("echo"));
      await store.setStatus("echo", { status: "failed", reason: "broke", expectedVersion: 1 });
      await store.append(newVersion("echo", { name: "Second" }, { expectedVersion: 1 }));
      await store.remove("echo", 2);
      await store.append(newVersion("echo", { name: "Third" }));
      const seen = [];
      for (const asOf of [0, 1, 2, 3, 4, 5, 99]) {
        const found = await store.find("echo", { asOf });
        seen.push(found && [found.version, found.name, found.status, found.statusReason]);
      }
      expect(seen).toStrictEqual([
        undefined,
        [1, "Echo", "active", undefined],
        [1, "Echo", "failed", "broke"],
        [2, "Second", "active", undefined],
        undefined,
        [3, "Third", "active", undefined],
        [3, "Third", "active", undefined],
      ]);
      expect(await store.find("echo", { version: 1, asOf: 1 })).toMatchObject({ status: "active" });
      expect(await store.find("echo", { version: 1, asOf: 9 })).toMatchObject({ status: "failed" });
      expect(await store.find("echo", { version: 3, asOf: 4 })).toBeUndefined();
    });

    test("a list is in order of id, filtered by all that is asked, page by page", async () => {
      function add(id: string, category: string, tags: string[], status: SkillStatus) {
        return store.append(newVersion(id, { name: id, category, tags }, { status }));
      }
      await add("d", "web", ["x", "y"], "active");
      await add("b", "web", ["x"], "active");
      await add("a", "text", ["x", "y", "z"], "active");
      await add("c", "web", ["x", "y"], "draft");
      async function ids(filter: Parameters<SkillStore["list"]>[0]): Promise<string> {
        return (await store.list(filter)).map(({ id }) => id).join("");
      }
      expect(await ids({ limit: 9 })).toBe("abcd");
      expect(await ids({ limit: 2 })).toBe("ab");
      expect(await ids({ limit: 2, after: "b" })).toBe("cd");
      expect(await ids({ limit: 9, category: "web" })).toBe("bcd");
      expect(await ids({ limit: 9, status: "draft" })).toBe("c");
      expect(await ids({ limit: 9, tags: ["x"] })).toBe("abcd");
      expect(await ids({ limit: 9, tags: ["x", "y"] })).toBe("acd");
      expect(await ids({ limit: 9, tags: ["z", "x", "y"] })).toBe("a");
      expect(await ids({ limit: 9, tags: ["nothing"] })).toBe("");
      expect(await ids({ limit: 9, tags: ["y", "x"], category: "web", status: "active" })).toBe(
        "d",
      );
      expect(await ids({ limit: 1, tags: ["y"], after: "a", category: "web" })).toBe("c");
      expect(await ids({ limit: 0 })).toBe("");
      await store.append(newVersion("a", { name: "A", tags: ["q"] }, { expectedVersion: 1 }));
      expect(await ids({ limit: 9, tags: ["x", "y"] })).toBe("cd");
      expect(await store.list({ limit: 9, tags: ["q"] })).toStrictEqual([
        {
          id: "a",
          version: 2,
          name: "A",
          description: SMALLEST_DEFINITION.description,
          category: "general",
          tags: ["q"],
          status: "active",
          executable: true,
          updatedAt: AT,
        },
      ]);
    });

    test("a limit that is no non-negative integer is refused", async () => {
      for (const limit of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        await expect(store.list({ limit })).rejects.toMatchObject({ code: "INVALID_INPUT" });
        await expect(store.changesSince(0, limit)).rejects.toMatchObject({ code: "INVALID_INPUT" });
      }
    });

    test("many skills are found at once, unknown ids left out", async () => {
      await store.appendMany([newVersion("a"), newVersion("b"), newVersion('"quoted"')]);
      await store.append(newVersion("b", { name: "Second" }, { expectedVersion: 1 }));
      const found = await store.findMany(["b", "none", "a", "b", '"quoted"']);
      expect(new Map(found.map((each) => [each.id, each]))).toStrictEqual(
        new Map([
          ["a", await store.find("a")],
          ["b", await store.find("b")],
          ['"quoted"', await store.find('"quoted"')],
        ]),
      );
      expect(found).toHaveLength(3);
      expect(await store.findMany([])).toStrictEqual([]);
    });

    test("counts tell the skills of each status and the versions of all", async () => {
      const none = { draft: 0, active: 0, deprecated: 0, failed: 0, quarantined: 0, versions: 0 };
      expect(await store.counts()).toStrictEqual(none);
      await store.appendMany([newVersion("a"), newVersion("b"), newVersion("c")]);
      await store.append(newVersion("a", { name: "Second" }, { expectedVersion: 1 }));
      await store.setStatus("b", { status: "quarantined", expectedVersion: "any" });
      await store.remove("c", 1);
      expect(await store.counts()).toStrictEqual({
        ...none,
        active: 1,
        quarantined: 1,
        versions: 4,
      });
    });

    test("every change is one revision, and they are read in order", async () => {
      expect(await store.revision()).toBe(0);
      await store.append(newVersion("a"));
      await store.setStatus("a", { status: "deprecated", expectedVersion: 1 });
      await store.remove("a", 1);
      const change = { skillId: "a", version: 1, at: AT };
      const changes = [
        { ...change, revision: 1, kind: "version", status: "active" },
        { ...change, revision: 2, kind: "status", status: "deprecated" },
        { ...change, revision: 3, kind: "removal", status: "deprecated" },
      ];
      expect(await store.changesSince(0, 10)).toStrictEqual(changes);
      expect(await store.changesSince(1, 1)).toStrictEqual([changes[1]]);
      expect(await store.changesSince(3, 10)).toStrictEqual([]);
      expect(await store.revision()).toBe(3);
    });

    test("an acknowledged commit is seen by every connection at once", async () => {
      const other = await connect();
      for (let round = 1; round <= 5; round++) {
        await store.append(newVersion(`from-one-${round}`));
        expect(await other.revision()).toBe(2 * round - 1);
        expect(await other.find(`from-one-${round}`)).toBeDefined();
        await other.append(newVersion(`from-other-${round}`));
        expect(await store.revision()).toBe(2 * round);
        expect(await store.find(`from-other-${round}`)).toBeDefined();
      }
    });

    test("no update is lost among writers of one skill", async () => {
      await store.append(newVersion("hot", { metadata: { count: 0 } }));
      const other = await connect();
      // Identical content would be no conflict, so every writer's is its own.
      async function increment(via: SkillStore, writer: number): Promise<void> {
        for (;;) {
          const current = await via.find("hot");
          const count = Number(current?.metadata["count"]) + 1;
          const expectedVersion: ExpectedVersion = current?.version ?? 0;
          try {
            await via.append(
              newVersion("hot", { metadata: { count, writer } }, { expectedVersion }),
            );
            return;
          } catch (error) {
            if (!(error instanceof VersionConflictError)) throw error;
          }
        }
      }
      const writers = Array.from({ length: 10 }, (_, index) => (index % 2 ? store : other));
      await Promise.all(writers.map((via, writer) => increment(via, writer)));
      expect(await store.find("hot")).toMatchObject({ version: 11, metadata: { count: 10 } });
      const counts = (await store.history("hot")).map(({ metadata }) => metadata["count"]);
      expect(counts).toStrictEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    test("a closed store refuses everything, and closing again is nothing", async () => {
      await store.close();
      await store.close();
      const closed = { code: "CLOSED" };
      await expect(store.append(newVersion("a"))).rejects.toMatchObject(closed);
      await expect(store.appendMany([])).rejects.toMatchObject(closed);
      await expect(store.find("a")).rejects.toMatchObject(closed);
      await expect(store.history("a")).rejects.toMatchObject(closed);
      await expect(store.remove("a", 1)).rejects.toMatchObject(closed);
      await expect(
        store.setStatus("a", { status: "failed", expectedVersion: 1 }),
      ).rejects.toMatchObject(closed);
      await expect(store.list({ limit: 1 })).rejects.toMatchObject(closed);
      await expect(store.findMany(["a"])).rejects.toMatchObject(closed);
      await expect(store.counts()).rejects.toMatchObject(closed);
      await expect(Promise.resolve(store.revision())).rejects.toMatchObject(closed);
      await expect(store.changesSince(0, 1)).rejects.toMatchObject(closed);
    });

    test("any sequence of operations answers as the model does", async () => {
      await compareRandomSequences(async (operations) => {
        const fresh = await open();
        const tested = await fresh.connect(CLOCK);
        try {
          await compareWithModel(tested, operations, AT);
        } finally {
          await tested.close();
          await fresh.dispose();
        }
      });
    });
  });
}
