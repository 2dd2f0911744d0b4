import { expect, test } from "vitest";
import { CONTRACT_LIMITS } from "../contract/program-runner.contract.ts";
import { createStartPacker, createStartUnpacker } from "./packed-start.ts";
import type { Program } from "../sandbox.ts";
import type { PackedStart } from "./packed-start.ts";

const MEGABYTE = 1024 * 1024;

/** What the worker makes of what the host posts, through the copy that a port makes. */
function link() {
  const pack = createStartPacker();
  const unpack = createStartUnpacker();
  const posted: PackedStart[] = [];
  let attempt = 0;
  return {
    posted,
    start(program: Program, limits = CONTRACT_LIMITS) {
      const job = { kind: "run", program, contextJson: "[]", limits, seed: 1, now: 2 } as const;
      const start = { kind: "start", slot: 3, attempt: ++attempt, job } as const;
      const packed = structuredClone(pack(start));
      posted.push(packed);
      expect(unpack(packed)).toEqual(start);
    },
    sentPrograms: () => posted.map(([, , , program]) => program !== undefined),
    sentLimits: () => posted.map(([, , , , , limits]) => limits !== undefined),
  };
}

test("a program is sent once, others between change nothing", () => {
  const a = { file: "a@1.js", code: "1", inputSchema: "{}" };
  const b = { file: "b@1.js", code: "2", outputSchema: "{}" };
  const { start, sentPrograms } = link();
  for (const program of [a, b, a, b, { ...a }]) start(program);
  expect(sentPrograms()).toEqual([true, true, false, false, true]);
});

test("limits are sent when one of them is another than before", () => {
  const program = { file: "a@1.js", code: "1" };
  const { start, sentLimits } = link();
  start(program);
  start(program, { ...CONTRACT_LIMITS });
  start(program, { ...CONTRACT_LIMITS, cpuMs: 7 });
  start(program);
  expect(sentLimits()).toEqual([true, false, true, true]);
});

test("the worker remembers a bounded number of programs, and starts stay right", () => {
  const { start, posted } = link();
  const programs = Array.from({ length: 300 }, (_, index) => ({ file: "a", code: `${index}` }));
  for (const program of [...programs, ...programs]) start(program);
  expect(Math.max(...posted.map(([, , number]) => number))).toBeLessThan(300);
});

test("the worker remembers a bounded length of programs", () => {
  const { start, posted, sentPrograms } = link();
  const programs = Array.from({ length: 20 }, (_, index) => ({
    file: "a",
    code: `${index}`.padEnd(MEGABYTE),
  }));
  for (const program of programs) start(program);
  expect(Math.max(...posted.map(([, , number]) => number))).toBeLessThan(9);
  const huge = { file: "a", code: " ".repeat(9 * MEGABYTE) };
  for (let time = 0; time < 2; time++) start(huge);
  expect(sentPrograms().slice(-2)).toEqual([true, true]);
});
