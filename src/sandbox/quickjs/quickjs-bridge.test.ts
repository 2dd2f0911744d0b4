import * as vitest from "vitest";
import { bridgeContract } from "../contract/bridge.contract.ts";
import { quickjsSandbox } from "./quickjs-sandbox.ts";
import { declareContract } from "../../testing/contract/run-contract.ts";

declareContract(
  bridgeContract((size) => quickjsSandbox(size)),
  vitest,
);
