import fc from "fast-check";
import { setTimeout as delay } from "node:timers/promises";
import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { useRunner } from "./program-runner.contract.ts";
import type { JsonValue } from "../../base/json.ts";
import type { HostCall, HostCallReply } from "../sandbox.ts";
import type { CreateSandbox } from "./program-runner.contract.ts";
import { behaviour, journalOf, KEEP, replayOf } from "./journalled-runs.contract.ts";

export function describeReplayedPrograms(create: CreateSandbox): void {
  describe("replay of random programs", () => {
    const { run } = useRunner(create);

    test("any program behaves the same when it is replayed", async () => {
      let called = 0;
      await fc.assert(
        fc.asyncProperty(program, fc.array(fc.nat(4), { minLength: 1 }), async (steps, delays) => {
          const context = steps as JsonValue;
          const recorded = await run(INTERPRETER, {
            context,
            limits: { ...KEEP.limits, pendingHostCalls: 6, logLines: 8 },
            onHostCall: (call) => answerSlowly(call, delays),
          });
          const replayed = await run(INTERPRETER, {
            ...replayOf(journalOf(recorded), () => called++),
            limits: { pendingHostCalls: 6, logLines: 8 },
          });
          expect(behaviour(replayed)).toEqual(behaviour(recorded));
          expect(replayed.divergence).toBeUndefined();
        }),
        { numRuns: 60 },
      );
      expect(called).toBe(0);
    }, 60_000);
  });
}

/** Runs steps of every kind and returns everything that happened, in order. */
const INTERPRETER = `
const seen = [];
export default async function (steps, host) {
  const all = (list) => list.map((each) => step(each, host));
  async function step([kind, value], host) {
    switch (kind) {
      case "tool": seen.push(["answer", value, await host.tool("t", value)]); return value;
      case "try": try { await host.skill("fails", value); } catch (e) { seen.push([e.name, e.message]); } return;
      case "fail": return host.tool("fails", value);
      case "denied": return host.tool("denied", value);
      case "sleep": await host.sleep(value); seen.push(["slept", value, Date.now()]); return;
      case "lost": host.tool("t", value).then((answer) => seen.push(["late", answer]), () => 0); return;
      case "random": seen.push(["random", Math.random()]); return;
      case "log": console.log("log", value, Date.now()); return;
      case "progress": host.progress(0.5); return;
      case "throw": throw new RangeError("thrown " + value + Math.random());
      case "all": seen.push((await Promise.all(all(value))).length); return;
      case "any": await Promise.race(all(value)); seen.push("raced"); return;
      case "settled": seen.push((await Promise.allSettled(all(value))).map((each) => String(each.reason))); return;
    }
  }
  for (const each of steps) await step(each, host);
  return { seen, now: Date.now(), elapsed: performance.now() };
}`;

const leaf = fc.tuple(
  fc.constantFrom("tool", "tool", "tool", "try", "sleep", "lost", "random", "log", "progress"),
  fc.nat(3),
);
const rare = fc.tuple(fc.constantFrom("fail", "denied", "throw"), fc.nat(3));
const plain = fc.oneof({ weight: 20, arbitrary: leaf }, { weight: 1, arbitrary: rare });
const group = fc.tuple(
  fc.constantFrom("all", "any", "settled"),
  fc.array(plain, { minLength: 1, maxLength: 5 }),
);
const program = fc.array(fc.oneof(plain, group), { maxLength: 8 });

async function answerSlowly(
  { name, args, callId }: HostCall,
  delays: readonly number[],
): Promise<HostCallReply> {
  const ms = delays[callId % delays.length] ?? 0;
  if (ms > 0) await delay(ms);
  if (name === "t") return { ok: true, value: { args, callId } };
  const error = { name: "ToolError", message: `${name} ${JSON.stringify(args)}`, code: "E" };
  return { ok: false, error: name === "denied" ? { ...error, denied: true } : error };
}
