import type { HardeningSetup } from "../hardening/harden-child.ts";

/** What a V8 process is told besides what holds of its hardening. */
export interface OwnSetup {
  /** The native part of the engine. */
  readonly addonPath: string;
  /** Memory that its first run is expected to have. */
  readonly memoryBytes: number;
}

/** What a V8 process is started with: its one argument, as JSON. */
export type ChildSetup = HardeningSetup & OwnSetup;

export function readSetup(argument: string | undefined): ChildSetup {
  return JSON.parse(argument ?? "{}") as ChildSetup;
}
