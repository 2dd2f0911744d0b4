import { describeAttacks } from "../contract/attacks/attacks.contract.ts";
import { V8_ATTACK_GAPS } from "./v8-gaps.contract.ts";
import { v8Sandbox } from "./v8-sandbox.ts";

describeAttacks(
  (size) => v8Sandbox(size === undefined ? {} : { workers: size.workers }),
  V8_ATTACK_GAPS,
);
