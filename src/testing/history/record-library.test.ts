import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLibrary } from "../../library/open-library.ts";
import { temporaryDirectory } from "../../store/testing-fixtures/temporary-directory.ts";
import { checkHistory } from "../linearizability/check-history.ts";
import { skillModel } from "../linearizability/skill-model.ts";
import { stressDraft } from "../stress/stress-subject.ts";
import { historyRecorder, readHistory } from "./history-file.ts";
import { recordLibrary } from "./record-library.ts";

let directory: ReturnType<typeof temporaryDirectory>;

beforeEach(() => {
  directory = temporaryDirectory();
});

afterEach(() => directory.remove());

test("every call on a library is in its history with what it told, and all of it fits", async () => {
  const path = join(directory.path, "p.jsonl");
  const recorder = historyRecorder(path, "p");
  const library = recordLibrary(
    await openLibrary({ path: join(directory.path, "library"), sandbox: { workers: 1 } }),
    recorder,
    { searched: (query) => [query] },
  );
  const options = { validate: false } as const;
  const { contentHash: one } = await library.add(stressDraft("a", "one"), options);
  const { contentHash: two } = await library.add(stressDraft("a", "two"), {
    ...options,
    expectedVersion: 1,
  });
  await expect(library.add(stressDraft("a", "three"), options)).rejects.toThrow();
  await expect(library.add({ id: "a" })).rejects.toMatchObject({ code: "INVALID_DRAFT" });
  await library.get("a");
  await library.get("a", { version: 1 });
  await library.execute("a");
  await library.search("a");
  await library.setStatus("a", "deprecated", { expectedVersion: 2 });
  await library.search("a");
  await library.rollback("a", 1);
  await library.remove("a", { expectedVersion: 3 });
  await library.get("a");
  await expect(library.remove("a")).rejects.toMatchObject({ code: "SKILL_NOT_FOUND" });
  await library.getVersionHistory("a");
  await expect(library.getVersionHistory("never")).rejects.toThrow();
  await library.close();
  await expect(library.remove("a")).rejects.toMatchObject({ code: "CLOSED" });
  recorder.close();

  const { operations, failed } = readHistory(path);
  const told = operations.map(({ key, call, returned }) => [key, call, returned?.answer]);
  const version = (number: number, more = {}) => ({ kind: "version", version: number, ...more });
  const add = (content: unknown, expected: number) => ({
    op: "add",
    content,
    expected,
    status: "active",
  });
  expect(told).toStrictEqual([
    ["a", add(one, 0), version(1, { content: one, created: true })],
    ["a", add(two, 1), version(2, { content: two, created: true })],
    ["a", add(expect.any(String), 0), { kind: "conflict", actual: 2 }],
    ["a", { op: "get" }, version(2, { content: two, status: "active" })],
    ["a", { op: "execute" }, version(2)],
    ["a", { op: "search" }, version(2)],
    ["a", { op: "status", status: "deprecated", expected: 2 }, version(2)],
    ["a", { op: "search" }, { kind: "absent" }],
    ["a", { op: "rollback", to: 1, expected: "any" }, version(3, { content: one, created: true })],
    ["a", { op: "remove", expected: 3 }, version(3)],
    ["a", { op: "get" }, { kind: "absent" }],
    ["a", { op: "remove", expected: "any" }, { kind: "absent" }],
    ["a", { op: "history" }, { kind: "contents", contents: [one, two, one] }],
    ["never", { op: "history" }, { kind: "contents", contents: [] }],
  ]);
  expect(failed).toStrictEqual([{ client: "p", key: "a", op: "remove", error: "CLOSED" }]);
  expect(checkHistory(operations, skillModel()).verdict).toBe("linearizable");
});
