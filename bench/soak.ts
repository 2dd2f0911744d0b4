/**
 * Runs attackers and innocents side by side and fails when an innocent does.
 *
 *     node bench/soak.ts [--minutes 1] [--engine quickjs] [--attackers 4] [--innocents 4]
 */
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { quickjsProcessSandbox } from "../src/sandbox/process/quickjs-process-sandbox.ts";
import { quickjsSandbox } from "../src/sandbox/quickjs/quickjs-sandbox.ts";
import { V8_ATTACK_GAPS } from "../src/sandbox/v8/v8-gaps.contract.ts";
import { v8Sandbox } from "../src/sandbox/v8/v8-sandbox.ts";
import { soak } from "./soak/soak.ts";
import type { Sandbox } from "../src/sandbox/sandbox.ts";
import type { SoakReport } from "./soak/soak.ts";

const ENGINES: Readonly<Record<string, () => Sandbox>> = {
  quickjs: () => quickjsSandbox(),
  "quickjs-process": () => quickjsProcessSandbox(),
  v8: () => v8Sandbox(),
};

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    engine: { type: "string", default: "quickjs" },
    attackers: { type: "string", default: "4" },
    innocents: { type: "string", default: "4" },
  },
});

function milliseconds({ p50, p99, worst }: SoakReport["latency"]): string {
  return `p50 ${p50.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms  worst ${worst.toFixed(1)} ms`;
}

/** Mebibytes over the time of the soak. */
function mebibytes(samples: readonly number[]): string {
  return `${samples.map((bytes) => (bytes / 2 ** 20).toFixed(0)).join(" ")} MiB over time`;
}

function print(report: SoakReport): void {
  const { stats, latency, eventLoopDelay, memory, growth, durationMs } = report;
  for (const [family, count] of Object.entries(report.attacksByFamily)) {
    console.log(`  ${family.padEnd(36)} ${count}`);
  }
  const perSecond = (count: number): string =>
    `${((count * 1000) / durationMs).toFixed(1)} per second`;
  console.log(`attacks               ${report.attacks}, ${perSecond(report.attacks)}`);
  console.log(`attacks ended wrongly ${report.attackFaults.length}`);
  console.log(`innocents             ${report.innocents}, ${perSecond(report.innocents)}`);
  console.log(`innocents failed      ${report.innocentFaults.length}`);
  console.log(`innocent latency      ${milliseconds(latency)}`);
  console.log(`event-loop delay      ${milliseconds(eventLoopDelay)}`);
  console.log(`resident memory       ${mebibytes(memory.resident)}`);
  console.log(`  in the later half   ${(growth / 2 ** 20).toFixed(1)} MiB a minute`);
  console.log(`heap of the host      ${mebibytes(memory.hostHeap)}`);
  console.log(
    `workers killed        ${stats.kills}, runs repeated ${stats.retries}, workers now ${stats.workers}`,
  );
  for (const fault of [
    ...report.hostFaults,
    ...report.innocentFaults.slice(0, 20),
    ...report.attackFaults,
  ]) {
    console.log(`! ${fault}`);
  }
}

const engine = ENGINES[values.engine];
if (engine === undefined) {
  throw new Error(
    `There is no engine "${values.engine}"; choose ${Object.keys(ENGINES).join(" or ")}`,
  );
}
const sandbox = engine();
console.log(
  `machine: ${cpus()[0]?.model ?? "unknown CPU"}, ${availableParallelism()} cores, Node ${process.version}, engine ${sandbox.stats().engine}`,
);
const report = await soak({
  sandbox,
  durationMs: Number(values.minutes) * 60_000,
  attackers: Number(values.attackers),
  innocents: Number(values.innocents),
  gaps: values.engine === "v8" ? V8_ATTACK_GAPS : {},
});
print(report);
await sandbox.close();
const faults = report.innocentFaults.length + report.attackFaults.length + report.hostFaults.length;
process.exitCode = faults === 0 ? 0 : 1;
