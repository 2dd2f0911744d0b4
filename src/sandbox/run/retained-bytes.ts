import type { SandboxLimits } from "../sandbox.ts";

/**
 * Most bytes the host keeps for the calls of one run: the arguments of those that wait, and every
 * answer, which a repeated attempt needs again. A worker counts arguments and answers as its guest
 * sees them, the journal counts answers as they come; each holds to this limit.
 */
export function retainedBytesLimit(limits: SandboxLimits): number {
  return 4 * limits.resultBytes;
}
