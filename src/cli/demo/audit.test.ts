import { describe, expect, test } from "vitest";
import type { Commit, Sighting } from "./agent-record.ts";
import { auditReads, auditUpdates } from "./audit.ts";
import type { HistoryEntry } from "./audit.ts";

const COUNTER = "demo/counter_1";

/** The counter as set up, at version 1. */
const START: HistoryEntry = {
  version: 1,
  contentHash: "hash-1",
  operation: undefined,
  counter: { count: 0, by: {} },
};

function entry(version: number, operation: string, by: Record<string, number>): HistoryEntry {
  const count = Object.values(by).reduce((sum, own) => sum + own, 0);
  return { version, contentHash: `hash-${version}`, operation, counter: { count, by } };
}

function commit(version: number, operation: string, more: Partial<Commit> = {}): Commit {
  return {
    skillId: COUNTER,
    version,
    contentHash: `hash-${version}`,
    operation,
    agent: operation.slice(0, 1),
    acknowledgedMs: version * 10,
    isIncrement: true,
    ...more,
  };
}

const COMMITS = [commit(2, "A-1"), commit(3, "B-1"), commit(4, "A-2")];
const HISTORY = [
  START,
  entry(2, "A-1", { A: 1 }),
  entry(3, "B-1", { A: 1, B: 1 }),
  entry(4, "A-2", { A: 2, B: 1 }),
];

function audit(commits: readonly Commit[], history: readonly HistoryEntry[]) {
  return auditUpdates(commits, new Map([[COUNTER, history]]));
}

describe("auditUpdates", () => {
  test("finds nothing wrong when every acknowledged update is in the history", () => {
    expect(audit(COMMITS, HISTORY)).toEqual({
      acknowledged: 3,
      increments: 3,
      skills: 1,
      lost: [],
      irregular: [],
    });
  });

  test("finds an acknowledged update that is not in the history", () => {
    expect(audit(COMMITS, HISTORY.slice(0, 3)).lost).toEqual([
      "A-2 was acknowledged as demo/counter_1@4, which is not in the history",
      "demo/counter_1 counts 2; 3 increments were acknowledged",
      "demo/counter_1 counts 1 of the 2 increments of agent A",
    ]);
  });

  test("finds an update that another one took the place of", () => {
    const overwritten = [START, entry(2, "A-1", { A: 1 }), entry(3, "A-2", { A: 2 })];
    const commits = [commit(2, "A-1"), commit(3, "B-1"), commit(3, "A-2")];
    expect(audit(commits, overwritten).lost).toEqual([
      "B-1 was acknowledged as demo/counter_1@3, which is by A-2",
      "demo/counter_1 counts 2; 3 increments were acknowledged",
      "demo/counter_1 counts 0 of the 1 increments of agent B",
    ]);
  });

  test("finds an update whose content was undone by the next one", () => {
    const undone = [START, entry(2, "A-1", { A: 1 }), entry(3, "B-1", { B: 1 })];
    const found = audit([commit(2, "A-1"), commit(3, "B-1")], undone);
    expect(found.lost).toEqual([
      "demo/counter_1 counts 1; 2 increments were acknowledged",
      "demo/counter_1 counts 0 of the 1 increments of agent A",
    ]);
    expect(found.irregular).toEqual(["demo/counter_1@3 counts 1 after 1"]);
  });

  test("finds content that is not what was committed", () => {
    const forged = [START, { ...entry(2, "A-1", { A: 1 }), contentHash: "other" }];
    expect(audit([commit(2, "A-1")], forged).lost).toEqual([
      "A-1 was acknowledged as demo/counter_1@2, which is by A-1",
    ]);
  });

  test("finds a gap in the versions", () => {
    const gap = [START, entry(3, "A-1", { A: 1 })];
    expect(audit([commit(3, "A-1")], gap).irregular).toEqual([
      "demo/counter_1 has version 3 where version 2 belongs",
    ]);
  });

  test("finds updates that nobody was told of", () => {
    expect(audit(COMMITS.slice(0, 2), HISTORY).irregular).toEqual([
      "demo/counter_1 counts 3, more than the 2 known of",
    ]);
  });

  test("expects such updates when an agent did not live to tell", () => {
    const { lost, irregular } = auditUpdates(
      COMMITS.slice(0, 2),
      new Map([[COUNTER, HISTORY]]),
      false,
    );
    expect([lost, irregular]).toEqual([[], []]);
  });

  test("lets a counter be set up anew in a library that has an older history of it", () => {
    const again = [
      START,
      entry(2, "X-1", { X: 1 }),
      { version: 3, contentHash: "new", operation: undefined, counter: { count: 0, by: {} } },
      entry(4, "A-1", { A: 1 }),
    ];
    expect(audit([commit(4, "A-1")], again)).toMatchObject({ lost: [], irregular: [] });
  });
});

describe("auditReads", () => {
  const histories = new Map([[COUNTER, HISTORY]]);
  const read = (version: number, beganMs: number, more: Partial<Sighting> = {}): Sighting => ({
    skillId: COUNTER,
    version,
    agent: "C",
    beganMs,
    via: "read",
    ...more,
  });

  test("accepts reads that show at least what was acknowledged before they began", () => {
    const reads = [read(1, 5), read(2, 5), read(3, 30.5), read(4, 30.5), read(4, 1000)];
    expect(auditReads(reads, COMMITS, histories)).toEqual({ checked: 5, stale: [], phantom: [] });
  });

  test("accepts an old version while the newer one is not acknowledged yet", () => {
    expect(auditReads([read(2, 30)], COMMITS, histories).stale).toEqual([]);
  });

  test("finds a read begun after the acknowledgement of a newer version", () => {
    expect(auditReads([read(2, 30.25)], COMMITS, histories).stale).toEqual([
      "read by agent C shows demo/counter_1@2, begun 0.25 ms after version 3 was acknowledged to agent B",
    ]);
  });

  test("holds a read to the newest version, also when an older one was acknowledged later", () => {
    const late = [commit(3, "B-1", { acknowledgedMs: 10 }), commit(2, "A-1")];
    expect(auditReads([read(2, 25)], late, histories).stale).toEqual([
      "read by agent C shows demo/counter_1@2, begun 15.00 ms after version 3 was acknowledged to agent B",
    ]);
  });

  test("finds a skill that is missing after it was committed", () => {
    expect(auditReads([read(0, 50, { via: "search" })], COMMITS, histories)).toEqual({
      checked: 1,
      stale: [
        "search by agent C shows demo/counter_1@0, begun 10.00 ms after version 4 was acknowledged to agent A",
      ],
      phantom: ["search by agent C shows demo/counter_1@0, which is not in the history"],
    });
  });

  test("finds a read of what was never committed", () => {
    const reads = [read(9, 50), read(4, 50, { contentHash: "other" })];
    expect(auditReads(reads, COMMITS, histories).phantom).toEqual([
      "read by agent C shows demo/counter_1@9, which is not in the history",
      "read by agent C shows demo/counter_1@4 with content that is not that version's",
    ]);
  });
});
