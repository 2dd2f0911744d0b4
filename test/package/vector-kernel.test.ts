import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { assembleVectorKernel } from "../../scripts/build-vector-kernel.ts";
import { ROOT } from "../support/import-graph.ts";

test("the kernel's binary is what its source assembles to", async () => {
  const binary = readFileSync(join(ROOT, "assets/vector-kernel/vector-kernel.wasm"));
  expect(Buffer.from(await assembleVectorKernel()).equals(binary)).toBe(true);
});
