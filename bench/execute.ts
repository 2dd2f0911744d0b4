/**
 * Measures running a skill: through the pool, and on the bare engine without threads, with and
 * without making the realm pristine first; then how CPU-bound batches gain from a second worker.
 *
 *     node bench/execute.ts
 */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { Bench } from "tinybench";
import { QuickJS } from "quickjs-wasi";
import { LIMITS } from "../src/base/limits.ts";
import { quickjsSandbox } from "../src/sandbox/quickjs/quickjs-sandbox.ts";
import type { Sandbox, SandboxRequest } from "../src/sandbox/sandbox.ts";

const TIME_MS = 3000;
const TRIVIAL = "export default (context) => context.a + 1;";
const CPU_BOUND =
  "export default () => { const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2)); return fib(20); }";
const CONTEXT = '{"a":1}';
const BATCH = 64;

function request(code: string): SandboxRequest {
  return {
    program: { file: "bench@1.js", code },
    contextJson: CONTEXT,
    limits: LIMITS,
    onHostCall: async () => ({ ok: true, value: null }),
  };
}

async function runOk(sandbox: Sandbox, code: string): Promise<void> {
  const outcome = await sandbox.run(request(code));
  if (outcome.status !== "ok") throw new Error(`${outcome.status}: ${outcome.error?.message}`);
}

/**
 * The engine alone, in this thread: the same function and context, evaluated from its source. It
 * has no deadline, no limits on calls, and its caller waits while it runs.
 */
async function bareEngine(): Promise<{ readonly run: () => void; readonly reset: () => void }> {
  const path = createRequire(import.meta.url).resolve("quickjs-wasi/quickjs.wasm");
  const engine = await QuickJS.create({
    wasm: readFileSync(path),
    memoryLimit: LIMITS.memoryBytes,
  });
  const source = `JSON.stringify(((context) => context.a + 1)(JSON.parse('${CONTEXT}')))`;
  const snapshot = engine.snapshot();
  return {
    run() {
      const result = engine.evalCode(source, "bench@1.js");
      if (result.toString() !== "2") throw new Error("The bare engine gave another result");
      result.dispose();
    },
    reset() {
      new Uint8Array(engine._getMemory().buffer).set(snapshot.memory);
      engine._getExports().__stack_pointer.value = snapshot.stackPointer;
    },
  };
}

function microseconds(milliseconds: number): string {
  return `${(milliseconds * 1000).toFixed(1)} µs`;
}

async function latency(): Promise<void> {
  const sandbox = quickjsSandbox({ workers: 1 });
  const bare = await bareEngine();
  const fresh = await bareEngine();
  const bench = new Bench({ time: TIME_MS, warmupTime: 500 });
  bench.add("bare engine, realm reused", () => bare.run());
  bench.add("bare engine, realm reset", () => {
    fresh.run();
    fresh.reset();
  });
  bench.add("pool, one at a time", () => runOk(sandbox, TRIVIAL));
  await bench.run();
  const medians = bench.tasks.map(({ name, result }) => {
    if (!("latency" in result)) throw new Error(`"${name}" did not finish`, { cause: result });
    const { p50, p99, samplesCount } = result.latency;
    console.log(
      `${name.padEnd(28)} p50 ${microseconds(p50).padStart(10)}  p99 ${microseconds(p99).padStart(10)}  ${samplesCount} samples`,
    );
    return p50;
  });
  const [reused = Number.NaN, reset = Number.NaN, pooled = Number.NaN] = medians;
  console.log(`pool / bare reused           ${(pooled / reused).toFixed(2)}`);
  console.log(`pool / bare reset            ${(pooled / reset).toFixed(2)}`);
  await sandbox.close();
}

/** Median time of a batch submitted at once, in milliseconds. */
async function batchMs(
  sandbox: Sandbox,
  code: string,
  size: number,
  rounds: number,
): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await Promise.all(Array.from({ length: size }, () => runOk(sandbox, code)));
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
}

async function throughput(): Promise<void> {
  const medians: number[] = [];
  for (const workers of [1, 2]) {
    const sandbox = quickjsSandbox({ workers });
    // Both workers are up and warm before anything is measured.
    await batchMs(sandbox, CPU_BOUND, BATCH, 3);
    const trivialMs = await batchMs(sandbox, TRIVIAL, 2000, 7);
    const cpuMs = await batchMs(sandbox, CPU_BOUND, BATCH, 9);
    medians.push(cpuMs);
    console.log(
      `${workers} worker(s)                  trivial ${Math.round((2000 / trivialMs) * 1000)} runs/s (median of 7 × 2000)  ${BATCH} CPU-bound ${cpuMs.toFixed(0)} ms (median of 9)`,
    );
    await sandbox.close();
  }
  const [one = Number.NaN, two = Number.NaN] = medians;
  console.log(`CPU-bound, 1 / 2 workers     ${(one / two).toFixed(2)}`);
}

console.log(
  `machine: ${cpus()[0]?.model ?? "unknown CPU"}, ${availableParallelism()} cores, Node ${process.version}`,
);
await latency();
await throughput();
