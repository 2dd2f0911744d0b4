/**
 * Suites that belong to no test runner. They are written as any other, with `describe` and `test`,
 * and are collected instead of run; then each test can be run by hand, or all be declared to a runner.
 */
import { setTimeout as wait } from "node:timers/promises";
import { format } from "node:util";

type Step = () => unknown;

/** Done before or after tests. */
export interface ContractHook {
  readonly run: Step;
  readonly timeoutMs?: number;
}

export interface ContractTest {
  readonly name: string;
  readonly run: Step;
  readonly timeoutMs?: number;
  /** Why it is not run. */
  readonly skipped?: string;
}

/** A group of tests that share what is done before and after them. */
export interface ContractSuite {
  readonly name: string;
  readonly beforeAll: readonly ContractHook[];
  readonly afterAll: readonly ContractHook[];
  readonly beforeEach: readonly ContractHook[];
  readonly afterEach: readonly ContractHook[];
  /** Tests and groups, in order. */
  readonly items: readonly (ContractTest | ContractSuite)[];
}

interface OpenSuite extends ContractSuite {
  readonly beforeAll: ContractHook[];
  readonly afterAll: ContractHook[];
  readonly beforeEach: ContractHook[];
  readonly afterEach: ContractHook[];
  readonly items: (ContractTest | ContractSuite)[];
}

/** The groups that are being collected, innermost last. */
const open: OpenSuite[] = [];

/** Collects what `define` describes. */
export function contractSuite(name: string, define: () => void): ContractSuite {
  const suite: OpenSuite = {
    name,
    beforeAll: [],
    afterAll: [],
    beforeEach: [],
    afterEach: [],
    items: [],
  };
  open.push(suite);
  try {
    define();
  } finally {
    open.pop();
  }
  return suite;
}

export function describe(name: string, define: () => void): void {
  const outer = current();
  outer.items.push(contractSuite(name, define));
}

function declare(name: string, run: Step, timeoutMs?: number): void {
  current().items.push({ name, run, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
}

export const test = Object.assign(declare, {
  skip: (name: string, run: Step): void =>
    void current().items.push({ name, run, skipped: "it is declared as skipped" }),
  /** A test for each of the cases; an array is spread over the parameters and over the name. */
  each:
    <Case>(cases: readonly Case[]) =>
    (
      name: string,
      run: (...given: Case extends readonly unknown[] ? Case : [Case]) => unknown,
    ): void => {
      for (const each of cases) {
        const given = Array.isArray(each) ? each : [each];
        const places = name.match(/%[a-z]/g)?.length ?? 0;
        declare(format(name, ...given.slice(0, places)), () =>
          run(...(given as Case extends readonly unknown[] ? Case : [Case])),
        );
      }
    },
});

function hook(kind: "beforeAll" | "afterAll" | "beforeEach" | "afterEach") {
  return (run: Step, timeoutMs?: number): void => {
    current()[kind].push({ run, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  };
}

export const beforeAll = hook("beforeAll");
export const afterAll = hook("afterAll");
export const beforeEach = hook("beforeEach");
export const afterEach = hook("afterEach");

function current(): OpenSuite {
  const suite = open.at(-1);
  if (suite === undefined) throw new Error("Tests of a contract are declared within contractSuite");
  return suite;
}

/** Tries until it no longer throws, for at most `timeout` milliseconds. */
export async function waitFor(
  attempt: () => unknown,
  { timeout, interval = 10 }: { readonly timeout: number; readonly interval?: number },
): Promise<void> {
  const endMs = performance.now() + timeout;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
    await wait(interval);
  }
}

export function isSuite(item: ContractTest | ContractSuite): item is ContractSuite {
  return "items" in item;
}
