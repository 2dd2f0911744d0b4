import * as vitest from "vitest";
import { bridgeContract } from "../contract/bridge.contract.ts";
import { quickjsProcessSandbox } from "./quickjs-process-sandbox.ts";
import { declareContract } from "../../testing/contract/run-contract.ts";

declareContract(
  bridgeContract((size) => quickjsProcessSandbox(size)),
  vitest,
);
