/**
 * What every sandbox driver must do. A driver calls `sandboxContract` from its own test file.
 *
 * It asserts behaviour only: what runs produce, how they end, and that they end.
 */
import { contractSuite } from "../testing/contract/contract-suite.ts";
import type { ContractSuite } from "../testing/contract/contract-suite.ts";
import { describeCauses } from "./contract/causes.contract.ts";
import { describeCpuLimit } from "./contract/cpu-limit.contract.ts";
import { describeFailureLimits } from "./contract/failure-limits.contract.ts";
import { withGaps } from "./contract/gaps.contract.ts";
import type { ContractGap } from "./contract/gaps.contract.ts";
import { describeHostCalls } from "./contract/host-calls.contract.ts";
import { describeHostileGuests } from "./contract/hostile-guests.contract.ts";
import { describeIsolation } from "./contract/isolation.contract.ts";
import { describeLifeCycle } from "./contract/life-cycle.contract.ts";
import { describeRecording } from "./contract/recording.contract.ts";
import { describeReplay } from "./contract/replay.contract.ts";
import { describeReplayedPrograms } from "./contract/replayed-programs.contract.ts";
import { describeResults } from "./contract/results.contract.ts";
import { describeSchemas } from "./contract/schemas.contract.ts";
import { describeStops } from "./contract/stops.contract.ts";
import { describeWarnings } from "./contract/warnings.contract.ts";
import type { CreateSandbox } from "./contract/program-runner.contract.ts";

export type { ContractGap } from "./contract/gaps.contract.ts";
export type { CreateSandbox } from "./contract/program-runner.contract.ts";

export interface SandboxContractOptions {
  /** Tests that the driver does not pass, and why (default: none). */
  readonly gaps?: readonly ContractGap[];
}

export function sandboxContract(
  name: string,
  create: CreateSandbox,
  { gaps = [] }: SandboxContractOptions = {},
): ContractSuite {
  const suite = contractSuite(name, () => {
    describeResults(create);
    describeHostCalls(create);
    describeRecording(create);
    describeReplay(create);
    describeReplayedPrograms(create);
    describeHostileGuests(create);
    describeIsolation(create);
    describeSchemas(create);
    describeStops(create);
    describeCpuLimit(create);
    describeFailureLimits(create);
    describeCauses(create);
    describeWarnings(create);
    describeLifeCycle(create);
  });
  return withGaps(suite, gaps);
}
