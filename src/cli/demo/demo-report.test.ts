import { describe, expect, test } from "vitest";
import type { AgentRecord } from "./agent-record.ts";
import { demoReport } from "./demo-report.ts";
import type { ReportParts } from "./demo-report.ts";
import { renderAdmission, renderNext, renderReport } from "./render-report.ts";
import type { Paint } from "./screen.ts";

const plain: Paint = (_, text) => text;

const RECORD: AgentRecord = {
  agent: "A",
  durationsMs: {
    search: [1, 2, 3, 40],
    read: [0.1],
    run: [5, 6],
    batch: [],
    compose: [],
    update: [20],
    metrics: [],
    runaway: [],
  },
  commits: [],
  sightings: [],
  conflicts: 2,
  abandonedUpdates: 0,
  runs: { ok: 3, timeout: 1 },
  searches: { asked: 4, right: 3 },
  answers: { checked: 3, wrong: [] },
  runaways: [
    { skillId: "demo/endless_loop", status: "timeout", deadlineMs: 200, durationMs: 202.4 },
  ],
  failures: [],
  cache: { hits: 9, misses: 1, invalidations: 4 },
  sandbox: { kills: 1, retries: 0 },
};

const PARTS: ReportParts = {
  seed: 7,
  agents: 2,
  seconds: 2,
  source: "2 skills",
  library: null,
  admission: {
    submitted: 3,
    admitted: 2,
    refused: [
      {
        skillId: "es-toolkit-compat/xor",
        code: "VALIDATION_FAILED",
        reason: "example 2 is documented to give [1], gives [2]",
      },
    ],
    left: 0,
    examples: 5,
    durationMs: 1234,
  },
  story: {
    skillId: "demo/price_label",
    readVersion: 3,
    conflict: { expected: 3, actual: 4 },
    mergedVersion: 5,
    keptBothChanges: true,
    cachedVersion: 3,
    seenVersion: 5,
    runaways: [{ skillId: "demo/endless_loop", status: "timeout", durationMs: 252 }],
    rolledBackTo: 3,
    rollbackVersion: 6,
    rollbackRestored: true,
  },
  records: [RECORD, { ...RECORD, agent: "B" }],
  crashes: [],
  updates: { acknowledged: 2, increments: 1, skills: 1, lost: [], irregular: [] },
  reads: { checked: 20, stale: [], phantom: [] },
  figures: { skills: 9, versions: 12, revision: 12, runsRecorded: 8 },
  durationMs: 5678,
};

function broken(changes: Partial<ReportParts>): readonly string[] {
  const { ok, guarantees } = demoReport({ ...PARTS, ...changes });
  const faults = guarantees
    .filter(({ held }) => !held)
    .map(({ name, detail }) => `${name}: ${detail}`);
  expect(ok).toBe(faults.length === 0);
  return faults;
}

describe("demoReport", () => {
  test("adds up what the agents wrote down", () => {
    const report = demoReport(PARTS);
    expect(report).toMatchObject({
      ok: true,
      operationsPerSecond: 8,
      searches: { asked: 8, right: 6 },
      answers: { checked: 6, wrong: 0 },
      runs: { ok: 6, timeout: 2 },
      updates: { conflicts: 4, abandoned: 0 },
      cache: { hits: 18, misses: 2, hitRate: 0.9, invalidations: 8 },
      sandbox: { kills: 2, retries: 0 },
    });
    expect(report.operations.search).toEqual({ count: 8, perSecond: 4, p50Ms: 2, p95Ms: 40 });
    expect(report.operations.batch).toEqual({ count: 0, perSecond: 0, p50Ms: null, p95Ms: null });
  });

  test("holds when everything went as it must", () => {
    expect(broken({})).toEqual([]);
  });

  test("breaks when nothing was admitted", () => {
    const admission = { ...PARTS.admission, admitted: 0 };
    expect(broken({ admission })).toEqual(["skills were admitted: no skill was admitted"]);
  });

  test("breaks for lost updates", () => {
    const updates = { ...PARTS.updates, lost: ["A-1 is gone", "A-2 is gone"] };
    expect(broken({ updates })).toEqual(["no lost update: A-1 is gone (and 1 more)"]);
  });

  test("breaks for stale and for phantom reads", () => {
    const reads = { ...PARTS.reads, stale: ["old"], phantom: ["never"] };
    expect(broken({ reads })).toEqual(["no stale read: old (and 1 more)"]);
  });

  test("breaks when a run is not on record", () => {
    const figures = { ...PARTS.figures, runsRecorded: 7 };
    expect(broken({ figures })).toEqual([
      "every run is on record: 7 are recorded of the 8 that were made",
    ]);
  });

  test("breaks when a runaway got away, an answer is wrong, or a call failed", () => {
    const record: AgentRecord = {
      ...RECORD,
      runaways: [{ skillId: "demo/endless_loop", status: "ok", deadlineMs: 200, durationMs: 900 }],
      answers: {
        checked: 1,
        wrong: [{ skillId: "slugify", version: 2, expected: "a", received: "b" }],
      },
      failures: ["read: out of reach"],
    };
    expect(broken({ records: [RECORD, record] })).toEqual([
      "runaways are stopped: demo/endless_loop ended with ok",
      "answers are right: slugify@2 answers b, not a",
      "nothing crashed: agent A, read: out of reach",
    ]);
  });

  test("breaks when an agent died, and when the story has no end", () => {
    expect(broken({ crashes: ["agent B ended with SIGKILL"], story: undefined })).toEqual([
      "the conflict was resolved: the story did not come to its end",
      "nothing crashed: agent B ended with SIGKILL",
    ]);
  });

  test("breaks when the conflict was not seen or not resolved", () => {
    const story = {
      ...(PARTS.story as NonNullable<ReportParts["story"]>),
      conflict: { expected: 3, actual: 3 },
      seenVersion: 3,
    };
    expect(broken({ story })).toEqual([
      "the conflict was resolved: the conflict says expected 3, actual 3 (and 1 more)",
    ]);
  });
});

describe("rendering", () => {
  test("shows the admission with every refusal and its reason", () => {
    expect(renderAdmission(PARTS.admission, plain)).toEqual([
      "3 drafts · 2 admitted · 1 refused · 5 examples run · 1.2 s",
      "refused:",
      "  es-toolkit-compat/xor  example 2 is documented to give [1], gives [2]",
    ]);
  });

  test("shows figures and guarantees without control characters when there are no colours", () => {
    const text = renderReport(demoReport(PARTS), plain).join("\n");
    expect(text).not.toContain("\u001B");
    expect(text).toContain("  search               8           4        2.00          40");
    expect(text).toContain("  batch                0           0           –           –");
    expect(text).toContain("2 committed, 4 conflicts, 0 given up, 0 lost");
    expect(text).toContain("90.0 % hits");
    expect(text).toContain("Every guarantee held. 5.7 s in all, seed 7.");
  });

  test("says which guarantee did not hold", () => {
    const updates = { ...PARTS.updates, lost: ["A-1 is gone"] };
    const lines = renderReport(demoReport({ ...PARTS, updates }), plain);
    expect(lines).toContain("  BROKEN  no lost update              A-1 is gone");
    expect(lines.at(-1)).toBe("1 of 8 guarantees did not hold; seed 7.");
  });

  test("ends with three commands, for the library that is there", () => {
    expect(renderNext(null)).toHaveLength(3);
    expect(renderNext("/tmp/mine").every((line) => line.endsWith("--library /tmp/mine"))).toBe(
      true,
    );
  });
});
