import { crossRunLeaks, schemas, timing } from "./afterwards.contract.ts";
import {
  capabilityConfusion,
  fetchAddresses,
  floods,
  hostBridgeAbuse,
} from "./bridge-abuse.contract.ts";
import { jsonTraps, thenablesAndProxies } from "./crossing.contract.ts";
import { errorReporting } from "./error-reporting.contract.ts";
import { codeEvaluation, realmObjects, stackWalking } from "./escapes.contract.ts";
import { iteration, loops } from "./loops.contract.ts";
import { memory, stack } from "./memory.contract.ts";
import { natives, regularExpressions } from "./natives.contract.ts";
import type { AttackFamily } from "./attack.contract.ts";

/** Every family; those that take longest come first. */
export const ATTACK_FAMILIES: readonly AttackFamily[] = [
  natives,
  memory,
  loops,
  iteration,
  regularExpressions,
  stack,
  thenablesAndProxies,
  floods,
  schemas,
  jsonTraps,
  errorReporting,
  hostBridgeAbuse,
  realmObjects,
  stackWalking,
  codeEvaluation,
  crossRunLeaks,
  timing,
  capabilityConfusion,
  fetchAddresses,
];
