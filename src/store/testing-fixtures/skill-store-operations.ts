/** Random operations on a skill store, and their comparison with the model. */
import { expect } from "../../testing/contract/expect.ts";
import type { SkillStatus } from "../../skill/skill.ts";
import { seededRandom } from "../../testing/stress/seeded-random.ts";
import type { ExpectedVersion, SkillStore } from "../skill-store.ts";
import { newVersion } from "./new-version.ts";
import { SkillStoreModel } from "./skill-store-model.ts";

type Operation =
  | {
      readonly kind: "append";
      readonly id: string;
      readonly content: number;
      readonly status: SkillStatus;
      readonly expected: ExpectedVersion;
    }
  | {
      readonly kind: "setStatus";
      readonly id: string;
      readonly status: SkillStatus;
      readonly reason: string | undefined;
      readonly expected: ExpectedVersion;
    }
  | { readonly kind: "remove"; readonly id: string; readonly expected: ExpectedVersion };

const SEQUENCES = 40;
const MAX_LENGTH = 40;

/** Operations on two skills. Contents are few, so that the same one often comes again. */
function randomOperations(seed: number): readonly Operation[] {
  const random = seededRandom(seed);
  const one = <T>(...items: readonly T[]): T => random.pick(items.map((item) => [1, item]));
  return Array.from({ length: random.below(MAX_LENGTH + 1) }, () => {
    const id = one("a", "b");
    const expected = random.next() < 0.6 ? "any" : random.below(5);
    const status = one<SkillStatus>("draft", "active", "deprecated", "failed");
    const reason = one(undefined, "", "a reason", "\u0000 “\ud800”");
    return one<Operation>(
      { kind: "append", id, content: random.below(3), status, expected },
      { kind: "setStatus", id, status, reason, expected },
      { kind: "remove", id, expected },
    );
  });
}

/** Compares random sequences; one that fails is first made as short as leaving out operations can. */
export async function compareRandomSequences(
  compare: (operations: readonly Operation[]) => Promise<void>,
): Promise<void> {
  const failureOf = (operations: readonly Operation[]): Promise<unknown> =>
    compare(operations).then(
      () => undefined,
      (error: unknown) => error ?? new Error("It failed without an error"),
    );
  for (let seed = 1; seed <= SEQUENCES; seed++) {
    let shortest = randomOperations(seed);
    let failure = await failureOf(shortest);
    if (failure === undefined) continue;
    for (let at = shortest.length - 1; at >= 0; at--) {
      const shorter = shortest.toSpliced(at, 1);
      const again = await failureOf(shorter);
      if (again === undefined) continue;
      shortest = shorter;
      failure = again;
    }
    throw new Error(`These operations, of seed ${seed}, fail: ${JSON.stringify(shortest)}`, {
      cause: failure,
    });
  }
}

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
