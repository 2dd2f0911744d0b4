/** What every run store must do, whatever it is made of. */
import { contractSuite } from "../testing/contract/contract-suite.ts";
import type { ContractSuite } from "../testing/contract/contract-suite.ts";
import { describeRecordedRuns } from "./contract/recorded-runs.contract.ts";
import { describeRunConnections } from "./contract/run-connections.contract.ts";
import { describeRunCounters } from "./contract/run-counters.contract.ts";
import type { RunStorePlace } from "./contract/run-store-place.ts";

export function runStoreContract(name: string, open: () => Promise<RunStorePlace>): ContractSuite {
  return contractSuite(`${name} keeps the contract of run stores`, () => {
    describeRecordedRuns(open);
    describeRunCounters(open);
    describeRunConnections(open);
  });
}
