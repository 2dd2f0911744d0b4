import * as vitest from "vitest";
import { attackContract } from "../contract/attacks/attacks.contract.ts";
import { quickjsProcessSandbox } from "./quickjs-process-sandbox.ts";
import { declareContract } from "../../testing/contract/run-contract.ts";

declareContract(
  attackContract((size) => quickjsProcessSandbox(size)),
  vitest,
);
