import * as vitest from "vitest";
import { sandboxContract } from "../sandbox.contract.ts";
import { V8_GAPS } from "./v8-gaps.contract.ts";
import { v8Sandbox } from "./v8-sandbox.ts";
import { declareContract } from "../../testing/contract/run-contract.ts";

declareContract(
  sandboxContract("v8", (size) => v8Sandbox(size === undefined ? {} : { workers: size.workers }), {
    gaps: V8_GAPS,
  }),
  vitest,
);
