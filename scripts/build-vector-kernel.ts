/** Assembles the kernel of the vector scan. Its binary is kept in the repository; a test compares the two. */
import { readFileSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import wabt from "wabt";

const SOURCE = new URL("../src/search/vectors/vector-kernel.wat", import.meta.url);
const BINARY = new URL("../assets/vector-kernel/vector-kernel.wasm", import.meta.url);

export async function assembleVectorKernel(): Promise<Uint8Array> {
  const { parseWat } = await wabt();
  const module = parseWat("vector-kernel.wat", readFileSync(SOURCE, "utf8"), {
    simd: true,
    relaxed_simd: true,
  });
  try {
    module.validate();
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(BINARY, await assembleVectorKernel());
}
