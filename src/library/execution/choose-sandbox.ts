/** Which sandbox a library runs skills in, when it is not given one. */
import type { Closers } from "../../base/closers.ts";
import { RepertoireError } from "../../base/errors.ts";
import { autoSandbox } from "../../sandbox/auto-sandbox.ts";
import { quickjsProcessSandbox } from "../../sandbox/process/quickjs-process-sandbox.ts";
import { quickjsSandbox } from "../../sandbox/quickjs/quickjs-sandbox.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { v8Sandbox } from "../../sandbox/v8/v8-sandbox.ts";
import { checkInteger, checkKnownOptions, checkOneOf } from "../check-options.ts";
import type { SandboxSize } from "../options.ts";

const ENGINES: readonly NonNullable<SandboxSize["engine"]>[] = [
  "quickjs",
  "quickjs-process",
  "v8",
  "auto",
];
/** More threads or processes than any machine has use for. */
const MAX_SIZE = 256;
const OPTIONS = ["engine", "workers", "slotsPerWorker", "processes", "requireHardening"];

/** @throws {INVALID_INPUT} for an option that is wrong, or means nothing to the engine */
export function checkSandboxSize(size: SandboxSize): void {
  checkKnownOptions("openLibrary.sandbox", size, OPTIONS);
  checkOneOf("sandbox.engine", size.engine, ENGINES);
  checkInteger("sandbox.workers", size.workers, 1, MAX_SIZE);
  checkInteger("sandbox.slotsPerWorker", size.slotsPerWorker, 1, MAX_SIZE);
  checkInteger("sandbox.processes", size.processes, 1, MAX_SIZE);
  if (size.engine === "v8" && size.slotsPerWorker !== undefined) {
    throw new RepertoireError(
      "INVALID_INPUT",
      "The option `slotsPerWorker` of openLibrary.sandbox means nothing to the engine `v8`, whose workers have one run each; leave it out, or raise `workers`",
      { details: { option: "slotsPerWorker" } },
    );
  }
  if (size.engine === "quickjs-process") return;
  // Left unsaid, whoever asks for hardening would believe to have it.
  if (size.processes === undefined && size.requireHardening === undefined) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    "The options `processes` and `requireHardening` of openLibrary.sandbox are about the engine `quickjs-process`; set it as `engine`",
    { details: { option: "engine" } },
  );
}

/**
 * Opens the sandbox and has it closed with what else is opened.
 *
 * @throws {SANDBOX_UNAVAILABLE} when the engine `v8`, or hardening that is required, can not be had
 */
export async function openSandbox(
  { engine = "quickjs", processes, requireHardening, ...size }: SandboxSize,
  own: Closers["own"],
): Promise<Sandbox> {
  const { slotsPerWorker: _slots, ...workers } = size;
  switch (engine) {
    case "quickjs":
      return own(quickjsSandbox(size));
    case "quickjs-process": {
      const sandbox = own(
        quickjsProcessSandbox({
          ...size,
          ...(processes === undefined ? {} : { processes }),
          ...(requireHardening === undefined ? {} : { requireHardening }),
        }),
      );
      if (requireHardening) await sandbox.prepare();
      return sandbox;
    }
    case "v8":
      return own(v8Sandbox(workers));
    case "auto":
      return own(
        autoSandbox({
          standard: quickjsSandbox(size),
          fast: () => v8Sandbox(workers),
          fastName: "isolated-vm@",
        }),
      );
  }
}

/** Whether it is one that is there, and not what one should be. */
export function isSandbox(sandbox: Sandbox | SandboxSize | undefined): sandbox is Sandbox {
  return (
    typeof sandbox === "object" &&
    sandbox !== null &&
    "run" in sandbox &&
    typeof sandbox.run === "function"
  );
}
