/**
 * For tests of sandbox drivers, which need the package `fast-check` besides:
 * `repertoire/testing/sandbox`.
 */
export { attackContract } from "./sandbox/contract/attacks/attacks.contract.ts";
export { bridgeContract } from "./sandbox/contract/bridge.contract.ts";
export { sandboxContract } from "./sandbox/sandbox.contract.ts";

export type { AttackGaps } from "./sandbox/contract/attacks/attacks.contract.ts";
export type {
  ContractGap,
  CreateSandbox,
  SandboxContractOptions,
} from "./sandbox/sandbox.contract.ts";
