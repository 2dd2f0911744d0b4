import { execFile } from "node:child_process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import * as vitest from "vitest";
import { expect, test } from "vitest";
import { LIMITS } from "../../base/limits.ts";
import { sandboxContract } from "../sandbox.contract.ts";
import { verifyEngine } from "./engine-binary.ts";
import { quickjsSandbox } from "./quickjs-sandbox.ts";
import { declareContract } from "../../testing/contract/run-contract.ts";

declareContract(
  sandboxContract("quickjs", (size) => quickjsSandbox(size)),
  vitest,
);

test("an engine binary with another hash is refused by name", () => {
  expect(() => verifyEngine(new Uint8Array([0]))).toThrow(
    expect.objectContaining({
      code: "INTERNAL",
      message: expect.stringContaining("quickjs-wasi/quickjs.wasm has SHA-256 6e340b9c"),
    }),
  );
});

test("a sandbox nobody closed does not keep its process alive", async () => {
  const source = pathToFileURL(new URL("./quickjs-sandbox.ts", import.meta.url).pathname).href;
  const script = `
    import { quickjsSandbox } from ${JSON.stringify(source)};
    const outcome = await quickjsSandbox().run({
      program: { file: "a@1.js", code: "export default () => 1" },
      contextJson: "null",
      limits: ${JSON.stringify(LIMITS)},
      onHostCall: async () => ({ ok: true, value: null }),
    });
    console.log(outcome.status);
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", script],
    { timeout: 20_000 },
  );
  expect(stdout).toBe("ok\n");
});

test("options that make no sense are refused with their name and value", () => {
  expect(() => quickjsSandbox({ workers: 0 })).toThrow(
    "Expected `workers` to be a positive integer, got 0",
  );
});
