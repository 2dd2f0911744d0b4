/**
 * Runs an example's block in this process to learn the argument values of its documented calls.
 * Only for sources of the installed development dependency, never for code from elsewhere.
 */
import { compileFunction } from "node:vm";
import type { JsonValue } from "../../src/base/json.ts";
import { toJsonArgument } from "./json-argument.ts";
import type { ExampleSource } from "./parse-example.ts";
import { Unusable } from "./unusable.ts";

/** Longest time a block may take, in milliseconds; only one that never settles reaches it. */
const BLOCK_TIMEOUT_MS = 500;

/** What an example can not use: it would wait, reach outside, or print. */
const WITHHELD = { setTimeout: undefined, setInterval: undefined, fetch: undefined };
const SILENT_CONSOLE = { log() {}, info() {}, warn() {}, error() {} };

/** Arguments of one documented call, or why they can not be used. */
export type Arguments =
  | { readonly kind: "values"; readonly values: readonly (JsonValue | undefined)[] }
  | { readonly kind: "unusable"; readonly reason: string };

type AnyFunction = (...values: unknown[]) => unknown;

/**
 * @param example the block, with its documented calls
 * @param name the function they call
 * @param scope every function the block may mention
 * @returns one entry per documented call, in order
 */
export async function evaluateExample(
  example: ExampleSource,
  name: string,
  scope: Readonly<Record<string, unknown>>,
): Promise<Arguments[]> {
  const recorded: Arguments[] = [];
  const target = scope[name] as AnyFunction;
  const record = (index: number): AnyFunction =>
    function (this: unknown, ...values) {
      // Before the call, which may change its arguments.
      recorded[index] ??= argumentsOf(values);
      return target.apply(this, values);
    };

  const failure = await run(instrument(example), {
    ...scope,
    ...WITHHELD,
    console: SILENT_CONSOLE,
    $record: record,
  });
  const reason = `the example does not run here (${failure ?? "a call is never reached"})`;
  return example.calls.map((_, index) => recorded[index] ?? { kind: "unusable", reason });
}

/** The block with every documented callee replaced by its recorder, and without imports. */
function instrument({ source, program, calls }: ExampleSource): string {
  const edits = [
    ...calls.map(({ calleeStart, calleeEnd }, index) => ({
      start: calleeStart,
      end: calleeEnd,
      text: `$record(${index})`,
    })),
    ...program.body
      .filter(({ type }) => type === "ImportDeclaration")
      .map(({ start, end }) => ({ start, end, text: "" })),
  ];
  return edits
    .sort((a, b) => b.start - a.start)
    .reduce(
      (text, { start, end, text: by }) => text.slice(0, start) + by + text.slice(end),
      source,
    );
}

/** Runs the source with these names in scope; returns the message of its error, if any. */
async function run(
  source: string,
  scope: Readonly<Record<string, unknown>>,
): Promise<string | undefined> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve("it never ends"), BLOCK_TIMEOUT_MS);
  try {
    const body = `return (async () => {\n${source}\n})();`;
    const block = compileFunction(body, Object.keys(scope)) as AnyFunction;
    const ended = block(...Object.values(scope)) as Promise<void>;
    return await Promise.race([ended.then(() => undefined), late.promise]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}

function argumentsOf(values: readonly unknown[]): Arguments {
  try {
    return {
      kind: "values",
      values: values.map((value) => (value === undefined ? undefined : toJsonArgument(value))),
    };
  } catch (error) {
    if (error instanceof Unusable) return { kind: "unusable", reason: error.message };
    throw error;
  }
}
