/** What a driver can not do as the contract has it: named, explained, and noticed when it is over. */
import { beforeEach, describe, expect, test } from "vitest";

/** A test of the contract that a driver does not pass. */
export interface ContractGap {
  /** Its name, without those of its groups. */
  readonly test: string;
  /** What the driver does instead, and why. */
  readonly reason: string;
  /** It may pass by chance, so it is not run; else it has to fail. */
  readonly byChance?: boolean;
}

interface Suite {
  readonly tasks: readonly (Suite | { readonly name: string })[];
}

/** Expects these tests of the surrounding group to fail, or skips them; shows why. */
export function declareGaps(gaps: readonly ContractGap[]): void {
  beforeEach(({ task, skip, annotate }) => {
    const gap = gaps.find((candidate) => candidate.test === task.name);
    if (gap === undefined) return undefined;
    if (gap.byChance === true) skip(`gap: ${gap.reason}`);
    // As `test.fails` would have it; the tests themselves know of no driver.
    Object.assign(task, { fails: true });
    return annotate(gap.reason, "gap").then(() => undefined);
  });
  describe("declared gaps", () => {
    test("each names a test of the contract", ({ task }) => {
      const all = new Set(namesIn(task.suite?.suite));
      expect(gaps.map((gap) => gap.test).filter((name) => !all.has(name))).toEqual([]);
    });
  });
}

function namesIn(suite: Suite | undefined): readonly string[] {
  return (suite?.tasks ?? []).flatMap((task) => ("tasks" in task ? namesIn(task) : [task.name]));
}
