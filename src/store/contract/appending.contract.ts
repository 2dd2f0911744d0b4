import { beforeEach, describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { VersionConflictError } from "../../base/errors.ts";
import type { SkillStore } from "../skill-store.ts";
import {
  FULLEST_DEFINITION,
  newVersion,
  SMALLEST_DEFINITION,
} from "../testing-fixtures/new-version.ts";
import { AT, CLOCK } from "./skill-store-clock.contract.ts";
import { useStorePlace } from "./store-place.contract.ts";
import type { SkillStorePlace } from "./skill-store-place.ts";

export function describeAppending(open: () => Promise<SkillStorePlace>): void {
  describe("appending", () => {
    const connect = useStorePlace(open, (each) => each.connect(CLOCK));
    let store: SkillStore;

    beforeEach(async () => {
      store = await connect();
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
  });
}
