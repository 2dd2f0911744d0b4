import * as vitest from "vitest";
import { attackContract } from "../contract/attacks/attacks.contract.ts";
import { V8_ATTACK_GAPS } from "./v8-gaps.contract.ts";
import { v8Sandbox } from "./v8-sandbox.ts";
import { declareContract } from "../../testing/contract/run-contract.ts";

declareContract(
  attackContract(
    (size) => v8Sandbox(size === undefined ? {} : { workers: size.workers }),
    V8_ATTACK_GAPS,
  ),
  vitest,
);
