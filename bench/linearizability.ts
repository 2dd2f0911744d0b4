/**
 * How long the check of a history takes, by its length, by its clients, with calls of unknown outcome
 * and with one stale read.
 *
 * Run: `node bench/linearizability.ts`. Histories are of one skill, the hardest case, made by clients
 * that read, and add with the version they saw, each call taking effect somewhere in its span; all
 * from seeds. The cases take turns for several rounds; medians are shown.
 */
import { availableParallelism, cpus } from "node:os";
import { checkHistory } from "../src/testing/linearizability/check-history.ts";
import { skillModel } from "../src/testing/linearizability/skill-model.ts";
import type { SkillOperation } from "../src/testing/history/history-file.ts";
import { seededRandom } from "../src/testing/stress/seeded-random.ts";

interface Case {
  readonly operations: number;
  readonly clients: number;
  /** Share of the calls whose answer is lost. */
  readonly lost: number;
  readonly stale: boolean;
}

const ROUNDS = 5;
const CASES: readonly Case[] = [
  ...[200, 1000, 4000, 20_000].map((operations) => ({
    operations,
    clients: 8,
    lost: 0,
    stale: false,
  })),
  { operations: 4000, clients: 8, lost: 0.01, stale: false },
  { operations: 4000, clients: 32, lost: 0, stale: false },
  ...[200, 1000, 4000, 20_000].map((operations) => ({
    operations,
    clients: 8,
    lost: 0,
    stale: true,
  })),
  { operations: 4000, clients: 8, lost: 0.01, stale: true },
];

/** A history that some correct skill would have made, but for one read if that is to be stale. */
function historyOf({ operations, clients, lost, stale }: Case): readonly SkillOperation[] {
  const random = seededRandom(`${operations} ${clients} ${lost}`);
  const free = Array.from({ length: clients }, () => 0);
  const seen = Array.from({ length: clients }, () => 0);
  const made: (SkillOperation & { readonly effectAt: number; readonly client: string })[] = [];
  const spans = Array.from({ length: operations }, (_, index) => {
    const client = index % clients;
    const calledAt = (free[client] ?? 0) + random.below(10);
    const length = 1 + random.below(100);
    free[client] = calledAt + length;
    return { client, calledAt, at: calledAt + length, effectAt: calledAt + random.next() * length };
  });
  let version = 0;
  spans.sort((a, b) => a.effectAt - b.effectAt);
  for (const [index, { client, calledAt, at, effectAt }] of spans.entries()) {
    const isRead = random.next() < 0.6;
    const content = `${index}`;
    const expected = seen[client] ?? 0;
    const isMade = !isRead && expected === version;
    if (isMade) version += 1;
    seen[client] = version;
    const isStale =
      stale && isRead && index >= operations * 0.9 && !made.some(({ id }) => id === "stale");
    const shown = isStale ? Math.max(1, version - clients * 2) : version;
    const answer = isRead
      ? version === 0
        ? ({ kind: "absent" } as const)
        : ({ kind: "version", version: shown } as const)
      : isMade
        ? ({ kind: "version", version, content, created: true } as const)
        : ({ kind: "conflict", actual: version } as const);
    made.push({
      id: isStale ? "stale" : content,
      client: `client ${client}`,
      key: "skill",
      call: isRead ? { op: "get" } : { op: "add", content, expected },
      calledAt,
      effectAt,
      ...(random.next() < lost && !isStale ? {} : { returned: { at, answer } }),
    });
  }
  return made;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const prepared = CASES.map((each) => ({
  ...each,
  history: historyOf(each),
  times: [] as number[],
  verdict: "",
}));
for (let round = 0; round < ROUNDS; round++) {
  for (const each of prepared) {
    const begunMs = performance.now();
    each.verdict = checkHistory(each.history, skillModel()).verdict;
    each.times.push(performance.now() - begunMs);
  }
}
console.log(
  `${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.versions.node}; medians of ${ROUNDS} rounds`,
);
console.table(
  prepared.map(({ operations, clients, lost, stale, times, verdict }) => ({
    operations,
    clients,
    "answers lost": `${lost * 100} %`,
    "stale read": stale ? "one" : "none",
    verdict,
    ms: Number(median(times).toFixed(1)),
  })),
);
