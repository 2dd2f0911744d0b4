import fc from "fast-check";
import { expect, test } from "vitest";
import { checkHistory } from "./check-history.ts";
import type { Operation } from "./operation.ts";
import { isLinearizableByTrying } from "./testing-fixtures/every-order.ts";
import { skillModel } from "./skill-model.ts";
import type { SkillAnswer, SkillCall } from "./skill-model.ts";

type SkillOperation = Operation<SkillCall, SkillAnswer>;
type Row = readonly [when: string, call: SkillCall, answer: SkillAnswer | undefined];

/** Operations from lines such as `p1 0 10`, with what was called and answered. */
function history(...rows: readonly Row[]): readonly SkillOperation[] {
  return historyOf(rows);
}

function historyOf(rows: readonly Row[]): readonly SkillOperation[] {
  return rows.map(([when, call, answer], index) => {
    const [client = "", from, to] = when.split(" ");
    return {
      id: `${index}`,
      client,
      key: "a",
      call,
      calledAt: Number(from) * 1e6,
      ...(answer === undefined ? {} : { returned: { at: Number(to) * 1e6, answer } }),
    };
  });
}

const add = (content: string, expected: number | "any" = "any"): SkillCall => ({
  op: "add",
  content,
  expected,
});
const get: SkillCall = { op: "get" };
const made = (version: number): SkillAnswer => ({ kind: "version", version, created: true });
const saw = (version: number, content: string): SkillAnswer => ({
  kind: "version",
  version,
  content,
});
const absent: SkillAnswer = { kind: "absent" };
const conflict = (actual: number): SkillAnswer => ({ kind: "conflict", actual });

function verdictOf(...rows: readonly Row[]): string {
  const report = checkHistory(history(...rows), skillModel());
  expect(report.failures.length > 0).toBe(report.verdict === "not-linearizable");
  return report.verdict;
}

const FITS = "linearizable";
const FAILS = "not-linearizable";

test("an empty history is linearizable", () => {
  expect(checkHistory([], skillModel())).toStrictEqual({
    verdict: FITS,
    operations: 0,
    unanswered: 0,
    objects: 0,
    steps: 0,
    failures: [],
    undecided: [],
  });
});

test("an update that another overwrote with the same expectation is found", () => {
  const first = ["p1 0 1", add("x", 0), made(1)] as const;
  expect(
    verdictOf(first, ["p2 2 5", add("y", 1), made(2)], ["p3 3 6", add("z", 1), conflict(2)]),
  ).toBe(FITS);
  expect(verdictOf(first, ["p2 2 5", add("y", 1), made(2)], ["p3 3 6", add("z", 1), made(2)])).toBe(
    FAILS,
  );
});

test("a read may see a write that it overlaps or not, but not one from before its begin late", () => {
  const first = ["p1 0 1", add("x", 0), made(1)] as const;
  const second = ["p1 2 6", add("y", 1), made(2)] as const;
  for (const seen of [saw(1, "x"), saw(2, "y")])
    expect(verdictOf(first, second, ["p2 3 4", get, seen])).toBe(FITS);
  expect(verdictOf(first, second, ["p2 7 8", get, saw(2, "y")])).toBe(FITS);
  expect(verdictOf(first, second, ["p2 7 8", get, saw(1, "x")])).toBe(FAILS);
  expect(verdictOf(first, second, ["p2 7 8", get, absent])).toBe(FAILS);
  // Two readers, one after the other, while the write is still open.
  expect(
    verdictOf(first, second, ["p2 3 4", get, saw(2, "y")], ["p3 5 5.5", get, saw(1, "x")]),
  ).toBe(FAILS);
});

test("what a crashed caller began may have happened, late or never", () => {
  const crashed = ["p1 0 0", add("x", 0), undefined] as const;
  expect(verdictOf(crashed, ["p2 1 2", get, absent])).toBe(FITS);
  expect(verdictOf(crashed, ["p2 1 2", get, saw(1, "x")])).toBe(FITS);
  expect(verdictOf(crashed, ["p2 1 2", get, absent], ["p2 100 101", get, saw(1, "x")])).toBe(FITS);
  expect(verdictOf(crashed, ["p2 1 2", get, saw(1, "x")], ["p2 3 4", get, absent])).toBe(FAILS);
  expect(verdictOf(["p1 5 5", add("x", 0), undefined], ["p2 1 2", get, saw(1, "x")])).toBe(FAILS);
});

test("a value read that its writer then failed to write is found", () => {
  expect(verdictOf(["p1 0 9", add("x", 3), conflict(0)], ["p2 1 2", get, saw(1, "x")])).toBe(FAILS);
});

test("removal, status, rollback and identical content are as a skill has them", () => {
  const rows = (found: SkillAnswer) =>
    [
      ["p 0 1", add("x", 0), made(1)],
      ["p 2 3", add("x", 7), { kind: "version", version: 1, created: false }],
      ["p 4 5", add("y", 1), made(2)],
      [
        "p 6 7",
        { op: "status", status: "deprecated", expected: 2 },
        { kind: "version", version: 2 },
      ],
      ["p 8 9", { op: "search" }, absent],
      ["p 10 11", { op: "execute" }, saw(2, "y")],
      ["p 12 13", { op: "rollback", to: 1, expected: 2 }, made(3)],
      ["p 14 15", { op: "search" }, { kind: "version", version: 3, status: "active" }],
      ["p 16 17", { op: "remove", expected: 2 }, conflict(3)],
      ["p 18 19", { op: "remove", expected: 3 }, { kind: "version", version: 3 }],
      ["p 20 21", { op: "rollback", to: 9, expected: "any" }, absent],
      ["p 22 23", { op: "status", status: "active", expected: "any" }, absent],
      ["p 24 25", add("x", 0), found],
      ["p 26 27", { op: "history" }, { kind: "contents", contents: ["x", "y", "x", "x"] }],
    ] as const;
  expect(verdictOf(...rows(made(4)))).toBe(FITS);
  expect(verdictOf(...rows(made(1)))).toBe(FAILS);
});

test("a write that would change nothing now may be the one that changes something later", () => {
  const status = (to: "active" | "deprecated"): SkillCall => ({
    op: "status",
    status: to,
    expected: "any",
  });
  const done: SkillAnswer = { kind: "version", version: 1 };
  const is = (now: "active" | "deprecated"): SkillAnswer => ({ ...done, status: now });
  const rows = [
    ["p1 0 1", add("x", 0), made(1)],
    ["p2 2 20", status("active"), done],
    ["p1 3 4", status("deprecated"), done],
    ["p1 5 6", get, is("deprecated")],
  ] as const;
  expect(verdictOf(...rows, ["p1 30 31", get, is("active")])).toBe(FITS);
  expect(verdictOf(...rows, ["p1 30 31", get, is("deprecated")])).toBe(FITS);
  expect(verdictOf(...rows, ["p1 30 31", get, absent])).toBe(FAILS);
});

test("a write with the token of a lease that passed to another is found, and a token that falls", () => {
  const lease = (token: string): SkillAnswer => ({ kind: "lease", token });
  const first = ["p1 0 1", { op: "acquire" }, lease("1")] as const;
  const second = ["p2 2 3", { op: "acquire" }, lease("2")] as const;
  const guarded = { op: "add", content: "x", expected: "any", token: "1" } as const;
  expect(verdictOf(first, ["p1 1 9", guarded, made(1)], second)).toBe(FITS);
  expect(verdictOf(first, second, ["p1 4 9", guarded, made(1)])).toBe(FAILS);
  expect(verdictOf(second, ["p1 4 5", { op: "acquire" }, lease("2")])).toBe(FAILS);
});

test("objects are checked apart, and each that fails is reported", () => {
  const rows = history(
    ["p 0 1", add("x", 0), made(1)],
    ["p 2 3", get, absent],
    ["p 4 5", get, saw(1, "x")],
  );
  const all = ["a", "b", "c"].flatMap((key) =>
    rows
      .filter((_, index) => !(key === "b" && index === 1))
      .map((row) => ({ ...row, key, id: `${key}${row.id}` })),
  );
  const report = checkHistory(all, skillModel());
  expect(report).toMatchObject({ verdict: FAILS, operations: 8, objects: 3 });
  expect(report.failures.map(({ key, culprit }) => [key, culprit.id])).toStrictEqual([
    ["a", "a1"],
    ["c", "c1"],
  ]);
});

test("a failure shows the shortest beginning that nothing explains, in words", () => {
  const [failure] = checkHistory(
    history(
      ["p1 1 2", add("x", 0), made(1)],
      ["p2 3 6", add("y", 1), made(2)],
      ["p3 4 9", add("z", 1), conflict(2)],
      ["p1 7 8", get, saw(1, "x")],
      ["p1 10 11", get, saw(2, "y")],
    ),
    skillModel(),
  ).failures;
  expect(failure?.prefix.map(({ id }) => id)).toStrictEqual(["0", "1", "2", "3"]);
  expect(failure?.explanation).toBe(
    `"a" is not linearizable: of its 5 operations, the first 3 answers have no order that explains them all.
All but the last can be explained, for one by this order:
        0.000 to       1.000 ms  p1  add(content x, expected 0) → version 1, created true
        2.000 to       5.000 ms  p2  add(content y, expected 1) → version 2, created true
which leaves: version 2, content y, active
No order has a place for:
        6.000 to       7.000 ms  p1  get() → version 1, content x
whatever became by then of 1 unanswered:
        3.000 to … ms  p3  add(content z, expected 1) → unknown`,
  );
});

test("more work than allowed is undecided, and says of which object", () => {
  const rows = history(
    ...Array.from({ length: 12 }, (_, n) => [`p${n} 0 9`, add(`x${n}`), made(n + 1)] as const),
  );
  expect(checkHistory(rows, skillModel())).toMatchObject({ verdict: FITS });
  expect(checkHistory(rows, skillModel(), { maxSteps: 11 })).toMatchObject({
    verdict: "undecided",
    undecided: ["a"],
    failures: [],
  });
});

const anyCall = fc.oneof(
  fc.record({
    op: fc.constant("add" as const),
    content: fc.constantFrom("x", "y"),
    expected: fc.constantFrom<(number | "any")[]>("any", 0, 1, 2),
  }),
  fc.constant(get),
  fc.record({
    op: fc.constant("status" as const),
    status: fc.constantFrom("active" as const, "deprecated" as const),
    expected: fc.constant("any" as const),
  }),
  fc.constant({ op: "search" } as const),
  fc.record({ op: fc.constant("remove" as const), expected: fc.constantFrom("any" as const, 1) }),
);
const anyAnswer = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("version" as const),
      version: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant(absent) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }).map(conflict) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);
const anySpan = fc.tuple(fc.nat({ max: 12 }), fc.integer({ min: 0, max: 5 }));
const anyHistory = fc.array(fc.tuple(anyCall, anyAnswer, anySpan), { maxLength: 6 }).map((rows) =>
  rows.map(([call, answer, [from, length]], index): SkillOperation => ({
    id: `${index}`,
    client: `p${index}`,
    key: "a",
    call,
    calledAt: from,
    ...(answer === undefined ? {} : { returned: { at: from + length, answer } }),
  })),
);

test("it agrees with a checker that tries every order, on any small history", () => {
  const found = { [FITS]: 0, [FAILS]: 0 };
  fc.assert(
    fc.property(anyHistory, (operations) => {
      const expected = isLinearizableByTrying(operations, skillModel(), "a") ? FITS : FAILS;
      expect(checkHistory(operations, skillModel()).verdict).toBe(expected);
      found[expected] += 1;
    }),
    { numRuns: 3000 },
  );
  expect(Math.min(...Object.values(found))).toBeGreaterThan(100);
});

/** What a real object would answer to these calls, each taking effect somewhere in its span. */
const anyTrueHistory = fc
  .array(fc.tuple(anyCall, anySpan, fc.nat({ max: 5 }), fc.boolean()), { maxLength: 40 })
  .map((rows) => {
    const model = skillModel();
    let state = model.initial("a");
    const byEffect = rows
      .map(([call, [from, length], offset, isLost], index) => {
        return {
          call,
          from,
          at: from + length,
          effect: from + Math.min(offset, length),
          isLost,
          index,
        };
      })
      .sort((a, b) => a.effect - b.effect || a.index - b.index);
    return byEffect.map(({ call, from, at, isLost, index }): SkillOperation => {
      const answers: SkillAnswer[] = [
        absent,
        ...[0, 1, 2, 3].map(conflict),
        ...Array.from({ length: 41 }, (_, version) =>
          ["x", "y"].map((content) => saw(version, content)),
        ).flat(),
      ];
      const answer = answers.find((each) => model.step(state, call, each) !== undefined);
      state = model.step(state, call, undefined) ?? state;
      return {
        id: `${index}`,
        client: `p${index}`,
        key: "a",
        call,
        calledAt: from,
        ...(isLost || answer === undefined ? {} : { returned: { at, answer } }),
      };
    });
  });

test("what a correct object answered is always linearizable", () => {
  fc.assert(
    fc.property(anyTrueHistory, (operations) => {
      expect(checkHistory(operations, skillModel()).verdict).toBe(FITS);
    }),
    { numRuns: 1000 },
  );
});

test("a fault deep in a very long history is found and explained", () => {
  const rows = Array.from({ length: 150_000 }, (_, index): Row => {
    const written = Math.floor(index / 10);
    return index % 10 === 0
      ? [`p1 ${2 * index} ${2 * index + 1}`, add(`c${index}`, written), made(written + 1)]
      : [`p2 ${2 * index} ${2 * index + 1}`, get, { kind: "version", version: written + 1 }];
  });
  expect(checkHistory(historyOf(rows), skillModel()).verdict).toBe(FITS);
  rows[140_003] = ["p2 280006 280007", get, { kind: "version", version: 3 }];
  const { failures } = checkHistory(historyOf(rows), skillModel());
  expect(failures.map(({ culprit }) => culprit.id)).toStrictEqual(["140003"]);
  expect(failures[0]?.explanation).toContain("No order has a place for:");
}, 60_000);

test("what can not be checked is refused, and never taken for a verdict", () => {
  const whole = history(["p1 0 1", add("x", 0), made(1)]);
  const refusal = (operations: readonly SkillOperation[], maxSteps?: number): unknown => {
    try {
      return checkHistory(operations, skillModel(), maxSteps === undefined ? {} : { maxSteps });
    } catch (error) {
      return { code: (error as { code?: string }).code, message: (error as Error).message };
    }
  };
  const code = "INVALID_INPUT";
  for (const maxSteps of [Number.NaN, 0, -1, 1.5])
    expect(refusal(whole, maxSteps)).toStrictEqual({
      code,
      message: `Expected \`maxSteps\` to be a whole number of at least 1, got ${maxSteps}`,
    });
  expect(refusal(history(["p1 5 1", get, absent]))).toStrictEqual({
    code,
    message: 'Operation "0" of "a" was answered at 1000000, before it was called at 5000000',
  });
  expect(refusal(history(["p1 NaN 1", get, absent]))).toStrictEqual({
    code,
    message: 'Expected the times of operation "0" of "a" to be numbers, got NaN and 1000000',
  });
  expect(refusal(history(["p1 0 1", { op: "nonsense" } as unknown as SkillCall, absent]))).toEqual({
    code,
    message: 'Operation "nonsense" is none that a skill knows',
  });
  expect(refusal([...whole, ...whole])).toStrictEqual({
    code,
    message: 'Two operations of "a" have the id "0"; each needs one of its own',
  });
});
