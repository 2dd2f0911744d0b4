import * as vitest from "vitest";
import { attackContract } from "../contract/attacks/attacks.contract.ts";
import { quickjsSandbox } from "./quickjs-sandbox.ts";
import { declareContract } from "../../testing/contract/run-contract.ts";

declareContract(
  attackContract((size) => quickjsSandbox(size)),
  vitest,
);
