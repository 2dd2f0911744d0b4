import type { HardeningSetup } from "../hardening/harden-child.ts";

/** What a sandbox process is started with: its one argument, as JSON. */
export interface ChildSetup extends HardeningSetup {
  readonly workers: number;
  readonly slotsPerWorker: number;
}

export function readSetup(argument: string | undefined): ChildSetup {
  return JSON.parse(argument ?? "{}") as ChildSetup;
}
