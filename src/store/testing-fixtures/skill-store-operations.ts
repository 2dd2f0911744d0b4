/** Random operations on a skill store, and their comparison with the model. */
import fc from "fast-check";
import { expect } from "vitest";
import type { SkillStatus } from "../../skill/skill.ts";
import type { SkillStore } from "../skill-store.ts";
import { newVersion } from "./new-version.ts";
import { SkillStoreModel } from "./skill-store-model.ts";

const anyId = fc.constantFrom("a", "b");
const anyExpected = fc.oneof(
  { weight: 3, arbitrary: fc.constant("any" as const) },
  { weight: 2, arbitrary: fc.nat({ max: 4 }) },
);
const anyStatus = fc.constantFrom<SkillStatus>("draft", "active", "deprecated", "failed");

/** Contents are few, so that the same one often comes again. */
const anyOperation = fc.oneof(
  fc.record({
    kind: fc.constant("append" as const),
    id: anyId,
    content: fc.nat({ max: 2 }),
    status: anyStatus,
    expected: anyExpected,
  }),
  fc.record({
    kind: fc.constant("setStatus" as const),
    id: anyId,
    status: anyStatus,
    reason: fc.option(fc.string(), { nil: undefined }),
    expected: anyExpected,
  }),
  fc.record({ kind: fc.constant("remove" as const), id: anyId, expected: anyExpected }),
);

export const anyOperations = fc.array(anyOperation, { maxLength: 40 });

type Operation = typeof anyOperation extends fc.Arbitrary<infer Value> ? Value : never;

/** Applies the operations to a fresh store and to the model, and compares all that can be read. */
export async function compareWithModel(
  store: SkillStore,
  operations: readonly Operation[],
  at: string,
): Promise<void> {
  const model = new SkillStoreModel(at);
  for (const each of operations) {
    const real = await outcome(() => apply(store, each));
    expect(real).toStrictEqual(await outcome(() => apply(model, each)));
    expect(await store.revision()).toBe(model.revision);
  }
  expect(await store.changesSince(0, 1000)).toStrictEqual(model.changesSince(0));
  for (const id of ["a", "b"]) {
    expect(await store.history(id)).toStrictEqual(model.history(id));
    expect(await store.find(id)).toStrictEqual(model.find(id));
    for (let asOf = 0; asOf <= model.revision; asOf++) {
      expect(await store.find(id, { asOf })).toStrictEqual(model.find(id, { asOf }));
      const at = { asOf, version: 2 };
      expect(await store.find(id, at)).toStrictEqual(model.find(id, at));
    }
  }
}

function apply(store: SkillStore | SkillStoreModel, each: Operation): unknown {
  const expectedVersion = each.expected;
  if (each.kind === "remove") return store.remove(each.id, expectedVersion);
  if (each.kind === "append") {
    const { status, content } = each;
    const metadata = { content };
    return store.append(newVersion(each.id, { metadata }, { status, expectedVersion }));
  }
  const { status, reason } = each;
  return store.setStatus(each.id, {
    status,
    expectedVersion,
    ...(reason === undefined ? {} : { reason }),
  });
}

async function outcome(action: () => unknown): Promise<unknown> {
  try {
    return await action();
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}
