import { fork } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryDirectory } from "../../store/testing-fixtures/temporary-directory.ts";
import { historyNow, historyRecorder, readHistory } from "./history-file.ts";

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;

beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, "histories", "a.jsonl");
});

afterEach(() => directory.remove());

const add = (content: string) => ({ op: "add", content, expected: 0 }) as const;
const made = { kind: "version", version: 1, created: true } as const;

test("what was recorded is read back, of all files of a directory", () => {
  const first = historyRecorder(path, "first");
  first.begin("a", add("x"))(made);
  first.begin("a", add("y"))({ effect: "none", error: "STORE_UNAVAILABLE" });
  first.begin("a", add("z"))({ effect: "unknown", error: "Error" });
  first.begin("b", add("open"));
  first.close();
  const second = historyRecorder(join(directory.path, "histories", "b.jsonl"), "second");
  second.observed("a", { op: "get" }, historyNow(), { kind: "absent" });
  second.failed("a", { op: "search" }, historyNow(), "CLOSED");
  second.close();
  const at = expect.any(Number);
  expect(readHistory(join(directory.path, "histories"))).toStrictEqual({
    operations: [
      {
        id: "first#0",
        client: "first",
        key: "a",
        call: add("x"),
        calledAt: at,
        returned: { at, answer: made },
      },
      { id: "first#2", client: "first", key: "a", call: add("z"), calledAt: at },
      { id: "first#3", client: "first", key: "b", call: add("open"), calledAt: at },
      {
        id: "second#0",
        client: "second",
        key: "a",
        call: { op: "get" },
        calledAt: at,
        returned: { at, answer: { kind: "absent" } },
      },
    ],
    failed: [
      { client: "first", key: "a", op: "add", error: "STORE_UNAVAILABLE" },
      { client: "second", key: "a", op: "search", error: "CLOSED" },
    ],
  });
});

test("a line that its writer did not live to end is no line; any other is refused with its place", () => {
  const recorder = historyRecorder(path, "p");
  recorder.begin("a", add("x"))(made);
  recorder.close();
  const whole = readFileSync(path, "utf8");
  writeFileSync(path, whole.slice(0, -5));
  expect(readHistory(path).operations).toMatchObject([{ id: "p#0" }]);
  expect(readHistory(path).operations[0]).not.toHaveProperty("returned");
  writeFileSync(path, whole);
  appendFileSync(path, '["answer",7,1,{"kind":"absent"}]\n');
  expect(() => readHistory(path)).toThrow(
    /^Line 4 of .*a\.jsonl is no line of a history: \["answer"/,
  );
  writeFileSync(path, `nonsense\n${whole}`);
  expect(() => readHistory(path)).toThrow(/^Line 1 of .* is no line of a history: nonsense/);
});

test("what a killed process had begun and been told is in its history", async () => {
  const program = fileURLToPath(
    new URL("../testing-fixtures/recording-process.ts", import.meta.url),
  );
  const child = fork(program, [path], { execArgv: [] });
  let told = 0;
  const before = historyNow();
  child.on("message", (count: number) => {
    told = count;
    if (count === 500) child.kill("SIGKILL");
  });
  await once(child, "exit");
  const after = historyNow();
  const { operations } = readHistory(path);
  const answered = operations.filter(({ returned }) => returned !== undefined);
  expect(told).toBeGreaterThanOrEqual(500);
  expect(answered.length).toBeGreaterThanOrEqual(told);
  expect(operations.length - answered.length).toBeLessThanOrEqual(1);
  // One clock for both processes.
  for (const { calledAt, returned } of answered) {
    expect(calledAt).toBeGreaterThan(before);
    expect(returned?.at).toBeGreaterThanOrEqual(calledAt);
    expect(returned?.at).toBeLessThan(after);
  }
});

test("a client that is started again with its file goes on in it, and what it had begun stays open", () => {
  historyRecorder(path, "agent").begin("a", add("x"));
  const again = historyRecorder(path, "agent");
  again.begin("a", add("y"))(made);
  again.close();
  expect(readHistory(path).operations).toMatchObject([
    { id: "agent#0", call: add("x") },
    { id: "agent/2#0", call: add("y"), returned: { answer: made } },
  ]);
  expect(readHistory(path).operations[0]).not.toHaveProperty("returned");
});
