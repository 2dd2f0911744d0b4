/** What a driver can not do as the contract has it: named, explained, and noticed when it is over. */
import { isSuite } from "../../testing/contract/contract-suite.ts";
import type { ContractSuite, ContractTest } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";

/** A test of the contract that a driver does not pass. */
export interface ContractGap {
  /** Its name, without those of its groups. */
  readonly test: string;
  /** What the driver does instead, and why. */
  readonly reason: string;
  /** It may pass by chance, so it is not run; else it has to fail. */
  readonly byChance?: boolean;
}

/** The suite with these tests skipped, or expected to fail; their names say why. */
export function withGaps(suite: ContractSuite, gaps: readonly ContractGap[]): ContractSuite {
  const unknown = new Set(gaps.map((gap) => gap.test));
  const declared = withoutGaps(suite, gaps, unknown);
  const everyGap: ContractTest = {
    name: "each declared gap names a test of the contract",
    run: () => expect([...unknown]).toEqual([]),
  };
  return { ...declared, items: [...declared.items, everyGap] };
}

function withoutGaps(
  suite: ContractSuite,
  gaps: readonly ContractGap[],
  unknown: Set<string>,
): ContractSuite {
  const items = suite.items.map((item) => {
    if (isSuite(item)) return withoutGaps(item, gaps, unknown);
    const gap = gaps.find((candidate) => candidate.test === item.name);
    if (gap === undefined) return item;
    unknown.delete(item.name);
    const note = `gap: ${gap.reason}`;
    if (gap.byChance === true) return { ...item, skipped: note };
    return { ...item, name: `${item.name} (${note})`, run: () => expectFailure(item) };
  });
  return { ...suite, items };
}

/** So that a gap is noticed when it is over. */
async function expectFailure({ name, run }: ContractTest): Promise<void> {
  const hasFailed = await Promise.resolve()
    .then(run)
    .then(
      () => false,
      () => true,
    );
  if (!hasFailed) expect.fail(`"${name}" is declared as a gap and passes; take the gap away`);
}
