/** The engine's WebAssembly binary: found, checked against its pinned hash, compiled once. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { RepertoireError } from "../../base/errors.ts";
import { compile } from "./web-assembly.ts";
import type { WasmModule } from "./web-assembly.ts";

/** Name and version of the engine, as reported by `stats()`. */
export const ENGINE_NAME = "quickjs-wasi@3.6.2";

/** SHA-256 of `quickjs-wasi/quickjs.wasm` 3.6.2; the glue knows this binary's exports and no other. */
const ENGINE_SHA256 = "d4c9375f2b1ca4dc95f72c8aa2982a7a9951ac8011490d79c6582df732b4bbd9";

let compiled: Promise<WasmModule> | undefined;

/**
 * The compiled engine, shared by every sandbox and worker of the process.
 *
 * @throws {INTERNAL} when the binary can not be read or is not the pinned one
 */
export function loadEngine(): Promise<WasmModule> {
  compiled ??= compileEngine().catch((error: unknown) => {
    // The next run tries again: the file may have been repaired.
    compiled = undefined;
    throw error;
  });
  return compiled;
}

async function compileEngine(): Promise<WasmModule> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const path = createRequire(import.meta.url).resolve("quickjs-wasi/quickjs.wasm");
    bytes = new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new RepertoireError(
      "INTERNAL",
      "The sandbox engine quickjs-wasi/quickjs.wasm can not be read; reinstall the package quickjs-wasi",
      { cause },
    );
  }
  verifyEngine(bytes);
  return compile(bytes);
}

/** @throws {INTERNAL} when the bytes are not the pinned engine */
export function verifyEngine(bytes: Uint8Array): void {
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual === ENGINE_SHA256) return;
  throw new RepertoireError(
    "INTERNAL",
    `The sandbox engine quickjs-wasi/quickjs.wasm has SHA-256 ${actual}, expected ${ENGINE_SHA256}; reinstall ${ENGINE_NAME}`,
    { details: { actual, expected: ENGINE_SHA256 } },
  );
}
