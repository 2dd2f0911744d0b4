/** Two ways to run a suite: test by test with whatever there is, or declared to a test runner. */
import { isSuite } from "./contract-suite.ts";
import type { ContractHook, ContractSuite, ContractTest } from "./contract-suite.ts";

export interface ContractCase {
  /** With the names of its groups. */
  readonly name: string;
  /** How long it may take, when that is more than usual. */
  readonly timeoutMs?: number;
  /** Why it need not be run. */
  readonly skipped?: string;
  /** Throws or rejects when the driver does not keep this part of the contract. */
  readonly run: () => Promise<void>;
}

/**
 * Every test of a suite as a function of its own, with all that is done before and after it. Each
 * makes and closes what it needs, so any of them can be run alone, in any order.
 */
export function contractCases(suite: ContractSuite): readonly ContractCase[] {
  return casesOf(suite, []);
}

function casesOf(suite: ContractSuite, outer: readonly ContractSuite[]): readonly ContractCase[] {
  const groups = [...outer, suite];
  return suite.items.flatMap((item) => {
    if (isSuite(item)) return casesOf(item, groups);
    const { name, timeoutMs, skipped } = item;
    return [
      {
        name: [...groups.map((group) => group.name), name].join(" › "),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(skipped === undefined ? {} : { skipped }),
        run: () => runCase(item, groups),
      },
    ];
  });
}

async function runCase(test: ContractTest, groups: readonly ContractSuite[]): Promise<void> {
  const before = groups.flatMap((group) => [...group.beforeAll, ...group.beforeEach]);
  const after = groups.toReversed().flatMap((group) => [...group.afterEach, ...group.afterAll]);
  try {
    for (const { run } of before) await run();
    await test.run();
  } finally {
    for (const { run } of after) await run();
  }
}

type Declare = (name: string, run: () => Promise<void>) => unknown;

/**
 * What is needed of a runner; the modules `vitest` and `node:test` are such, as a whole
 * (`import * as runner from "node:test"`), and so are the globals of others.
 */
export interface TestRunner {
  readonly describe: (name: string, define: () => void) => unknown;
  /** Takes options between name and function: vitest and `node:test` do. */
  readonly test: unknown;
  readonly beforeEach: unknown;
  readonly afterEach: unknown;
  /** `before` and `after` where it calls them so. */
  readonly beforeAll?: unknown;
  readonly afterAll?: unknown;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Declares a suite to a runner, as if it had been written for it. */
export function declareContract(suite: ContractSuite, runner: TestRunner): void {
  runner.describe(suite.name, () => {
    declareHooks(suite, runner);
    for (const item of suite.items) {
      if (isSuite(item)) declareContract(item, runner);
      else declareTest(item, runner);
    }
  });
}

function declareTest({ name, run, timeoutMs, skipped }: ContractTest, runner: TestRunner): void {
  const declare = runner.test as Declare & {
    readonly skip: Declare;
    (name: string, options: { readonly timeout: number }, run: () => Promise<void>): unknown;
  };
  const body = async (): Promise<void> => void (await run());
  if (skipped !== undefined) declare.skip(`${name} (${skipped})`, body);
  else if (timeoutMs === undefined) declare(name, body);
  else declare(name, { timeout: timeoutMs }, body);
}

function declareHooks(suite: ContractSuite, runner: TestRunner): void {
  const declare = (hook: unknown, steps: readonly ContractHook[]): void => {
    for (const { run, timeoutMs } of steps) {
      const body = async (): Promise<void> => void (await run());
      const isNodes = runner.before !== undefined && runner.beforeAll === undefined;
      const timeout = isNodes ? { timeout: timeoutMs } : timeoutMs;
      (hook as (run: () => Promise<void>, timeout?: unknown) => unknown)(
        body,
        ...(timeoutMs === undefined ? [] : [timeout]),
      );
    }
  };
  declare(runner.beforeAll ?? runner.before, suite.beforeAll);
  declare(runner.afterAll ?? runner.after, suite.afterAll);
  declare(runner.beforeEach, suite.beforeEach);
  declare(runner.afterEach, suite.afterEach);
}
