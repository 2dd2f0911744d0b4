/** What every skill store must do, whatever it is made of. */
import { contractSuite } from "../testing/contract/contract-suite.ts";
import type { ContractSuite } from "../testing/contract/contract-suite.ts";
import { describeAppending } from "./contract/appending.contract.ts";
import { describeChanging } from "./contract/changing.contract.ts";
import { describeConnections } from "./contract/connections.contract.ts";
import { describeReading } from "./contract/reading.contract.ts";
import type { SkillStorePlace } from "./contract/skill-store-place.ts";

export function skillStoreContract(
  name: string,
  open: () => Promise<SkillStorePlace>,
): ContractSuite {
  return contractSuite(`${name} keeps the contract of skill stores`, () => {
    describeAppending(open);
    describeChanging(open);
    describeReading(open);
    describeConnections(open);
  });
}
