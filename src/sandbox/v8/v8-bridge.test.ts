import * as vitest from "vitest";
import { bridgeContract } from "../contract/bridge.contract.ts";
import { v8Sandbox } from "./v8-sandbox.ts";
import { declareContract } from "../../testing/contract/run-contract.ts";

declareContract(
  bridgeContract((size) => v8Sandbox(size === undefined ? {} : { workers: size.workers })),
  vitest,
);
