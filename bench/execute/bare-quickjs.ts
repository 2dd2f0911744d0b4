/** `quickjs-wasi` as its users have it: its own API, its own memory, its own way to start again. */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { QuickJS } from "quickjs-wasi";
import { LIMITS } from "../../src/base/limits.ts";
import { compile } from "../../src/sandbox/quickjs/web-assembly.ts";

/** Runs source text that answers with JSON text; `reset` makes the realm pristine. */
export interface BareQuickjs {
  reset(): Promise<void>;
  /** The JSON text, or `undefined` while the skill waits for its host. */
  start(code: string, contextJson: string): string | undefined;
  /** Goes on with the answer to the call that was made last. */
  answer(json: string): string | undefined;
}

const SPARE_BYTES = 256 * 1024;
const PRELUDE = `
  globalThis.keep = (value) => { globalThis.result = JSON.stringify(value); };
  globalThis.host = {
    tool: (name, args) => new Promise((resolve) => {
      globalThis.settle = resolve;
      globalThis.result = undefined;
      hostCall(JSON.stringify(args));
    }),
  };`;

/**
 * The same work for every run: source is evaluated, context parsed, result encoded. `call` gets the
 * arguments of `host.tool`. There is no deadline and no limit on calls.
 */
export async function bareQuickjs(call: (json: string) => void): Promise<BareQuickjs> {
  const path = createRequire(import.meta.url).resolve("quickjs-wasi/quickjs.wasm");
  const wasm = await compile(new Uint8Array(readFileSync(path)));
  let engine = await create();
  let snapshot = engine.snapshot();

  async function create(): Promise<QuickJS> {
    const created = await QuickJS.create({ wasm, memoryLimit: LIMITS.memoryBytes });
    const hostCall = created.newFunction("hostCall", (json) => {
      call(json?.toString() ?? "");
      return created.undefined;
    });
    created.setProp(created.global, "hostCall", hostCall);
    created.evalCode(PRELUDE).dispose();
    // Free memory inside the snapshot: runs of ordinary size need not grow the engine's.
    created.evalCode(`new ArrayBuffer(${SPARE_BYTES}); 0`).dispose();
    return created;
  }

  function outcome(source: string): string | undefined {
    engine.evalCode(source, "bench@1.js").dispose();
    engine.executePendingJobs();
    const result = engine.evalCode("globalThis.result");
    const text = result.isString ? result.toString() : undefined;
    result.dispose();
    return text;
  }

  return {
    async reset() {
      const memory = new Uint8Array(engine._getMemory().buffer);
      if (memory.length > snapshot.memory.length) {
        // It does not shrink, and the restored allocator would grow it again with every run.
        engine = await create();
        snapshot = engine.snapshot();
        return;
      }
      memory.set(snapshot.memory);
      engine._getExports().__stack_pointer.value = snapshot.stackPointer;
    },
    start(code, contextJson) {
      const run = `(${code})(JSON.parse(${JSON.stringify(contextJson)}), host)`;
      if (code.startsWith("async")) return outcome(`${run}.then(keep); 0`);
      const value = engine.evalCode(`JSON.stringify(${run})`, "bench@1.js");
      const text = value.toString();
      value.dispose();
      return text;
    },
    answer: (json) => outcome(`settle(JSON.parse(${JSON.stringify(json)})); 0`),
  };
}
