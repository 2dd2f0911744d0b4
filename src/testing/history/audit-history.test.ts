import { expect, test } from "vitest";
import { auditHistory } from "./audit-history.ts";
import type { SkillOperation } from "./history-file.ts";
import type { SkillAnswer, SkillCall } from "../linearizability/skill-model.ts";

function operations(
  ...rows: readonly (readonly [from: number, to: number, call: SkillCall, answer: SkillAnswer])[]
): readonly SkillOperation[] {
  return rows.map(([calledAt, at, call, answer], index) => ({
    id: `${index}`,
    client: "p",
    key: "a",
    call,
    calledAt,
    returned: { at, answer },
  }));
}

const add = (token?: string): SkillCall => ({
  op: "add",
  content: "x",
  expected: "any",
  ...(token === undefined ? {} : { token }),
});
const made = (version: number, content: string): SkillAnswer => ({
  kind: "version",
  version,
  content,
  created: true,
});

test("reads begun after a newer version was acknowledged are stale, others are not", () => {
  const read = (from: number, version: number) =>
    [from, from + 1, { op: "get" }, { kind: "version", version }] as const;
  const history = operations(
    [0, 10, add(), made(1, "x")],
    [20, 30, add(), made(2, "y")],
    read(25, 1),
    read(29, 2),
    read(31, 2),
    read(31, 1),
    [40, 41, { op: "search" }, { kind: "version", version: 1 }],
    [42, 43, { op: "execute" }, { kind: "absent" }],
  );
  expect(auditHistory({ operations: history })).toMatchObject({ reads: 6, staleReads: 2 });
});

test("an acknowledged version that the last history lacks or has otherwise is lost", () => {
  const history = operations(
    [0, 1, add(), made(1, "x")],
    [2, 3, add(), made(2, "y")],
    [4, 5, add(), made(3, "z")],
    [6, 7, { op: "history" }, { kind: "contents", contents: ["x", "other"] }],
    [6, 9, add(), made(4, "later")],
  );
  expect(auditHistory({ operations: history })).toMatchObject({
    acknowledgedWrites: 4,
    lostWrites: 2,
  });
});

test("a guarded write begun after a later lease was granted has two owners", () => {
  const lease = (token: string): SkillAnswer => ({ kind: "lease", token });
  const history = operations(
    [0, 1, { op: "acquire" }, lease("9")],
    [2, 3, add("9"), made(1, "x")],
    [4, 6, { op: "acquire" }, lease("10")],
    [5, 8, add("9"), made(2, "y")],
    [7, 8, add("9"), made(3, "z")],
    [9, 10, add("10"), made(4, "w")],
  );
  expect(auditHistory({ operations: history })).toMatchObject({
    guardedWrites: 4,
    doubleOwnerWrites: 1,
  });
});
