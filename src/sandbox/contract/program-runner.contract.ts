/** What the parts of the sandbox contract share: a sandbox per group of tests, and short runs. */
import { afterAll, beforeAll } from "../../testing/contract/contract-suite.ts";
import { LIMITS, runLimits } from "../../base/limits.ts";
import type { JsonValue } from "../../base/json.ts";
import type { RunJournal } from "../../skill/run-journal.ts";
import type {
  HostCall,
  HostCallReply,
  Sandbox,
  SandboxLimits,
  SandboxOutcome,
} from "../sandbox.ts";

/** Makes a fresh sandbox; the contract closes it. */
export type CreateSandbox = (size?: {
  readonly workers: number;
  readonly slotsPerWorker: number;
}) => Sandbox;

export const CONTRACT_LIMITS: SandboxLimits = {
  ...runLimits(LIMITS),
  timeoutMs: 10_000,
};

export interface RunOptions {
  readonly context?: JsonValue;
  readonly contextJson?: string;
  readonly file?: string;
  readonly inputSchema?: string;
  readonly outputSchema?: string;
  readonly limits?: Partial<SandboxLimits>;
  readonly seed?: number;
  readonly now?: number;
  readonly depth?: number;
  readonly signal?: AbortSignal;
  readonly replay?: RunJournal;
  readonly onHostCall?: (call: HostCall) => Promise<HostCallReply>;
  readonly onProgress?: (fraction: number, message: string | undefined) => void;
}

/** Runs `code` with the contract's limits; host calls are echoed unless answered otherwise. */
export function runProgram(
  sandbox: Sandbox,
  code: string,
  options: RunOptions = {},
): Promise<SandboxOutcome> {
  const { context = {}, contextJson, file = "skill@1.js", limits, ...rest } = options;
  const { inputSchema, outputSchema, onHostCall, ...request } = rest;
  return sandbox.run({
    program: {
      file,
      code,
      ...(inputSchema === undefined ? {} : { inputSchema }),
      ...(outputSchema === undefined ? {} : { outputSchema }),
    },
    contextJson: contextJson ?? JSON.stringify(context),
    limits: { ...CONTRACT_LIMITS, ...limits },
    onHostCall: onHostCall ?? (async ({ name, args }) => ({ ok: true, value: { name, args } })),
    ...request,
  });
}

export interface Runner {
  readonly sandbox: Sandbox;
  readonly run: (code: string, options?: RunOptions) => Promise<SandboxOutcome>;
  /** The result of the body of a default-exported async function; throws unless it is `ok`. */
  readonly value: (body: string, options?: RunOptions) => Promise<JsonValue>;
}

/** One sandbox for the tests of the surrounding `describe`, closed after the last. */
export function useRunner(create: CreateSandbox): Runner {
  let sandbox: Sandbox | undefined;
  beforeAll(() => {
    sandbox = create();
  });
  afterAll(async () => {
    await sandbox?.close();
  });
  const runner: Runner = {
    get sandbox() {
      if (sandbox === undefined) throw new Error("The sandbox is made before the first test");
      return sandbox;
    },
    run: (code, options) => runProgram(runner.sandbox, code, options),
    async value(body, options) {
      const outcome = await runner.run(mainOf(body), options);
      if (outcome.valueJson === undefined) {
        throw new Error(`${outcome.status}: ${outcome.error?.name}: ${outcome.error?.message}`);
      }
      return JSON.parse(outcome.valueJson) as JsonValue;
    },
  };
  return runner;
}

/** A program whose default export is an async function with this body. */
export function mainOf(body: string): string {
  return `export default async function (context, host) { ${body} }`;
}
