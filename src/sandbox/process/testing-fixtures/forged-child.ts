/**
 * A program that speaks like a sandbox process that was taken over. Its argument says how it
 * behaves when it is given a run whose code says "attack"; other runs it ends well with the result 1,
 * after the milliseconds that their code names.
 */
import { writeSync } from "node:fs";
import { createFrameReader, encodeFrame } from "../frame.ts";
import type { FromChild, ToChild } from "../messages.ts";

const behaviour = process.argv[2];
const counts = { workers: 1, kills: 0, retries: 0 };

function say(message: FromChild, text = ""): void {
  writeSync(1, encodeFrame(message, text));
}

function attack(id: number): void {
  switch (behaviour) {
    case "garbage":
      writeSync(1, "this is no frame, and far longer than the header of one");
      return;
    case "exit":
      process.exit(3);
      break;
    case "silent":
      return;
    case "endless calls":
      say(
        { kind: "call", id, attempt: 1, callId: 1e9, call: "tool", name: "t", deadlineMs: 0 },
        "1",
      );
      return;
    case "no result":
      end(id, "not JSON");
  }
}

/** By default late enough that a run is there when the attack happens. */
function delayMs(code: string): number {
  return Number(/\d+/u.exec(code)?.[0] ?? 50);
}

function end(id: number, valueJson: string): void {
  const outcome = {
    status: "ok",
    logs: [],
    logsDropped: 0,
    durationMs: 1,
    cpuMs: 1,
    hostCalls: 0,
  } as const;
  say({ kind: "done", id, outcome, counts }, valueJson);
}

const read = createFrameReader(({ message }) => {
  const told = message as ToChild;
  if (told.kind !== "start") return;
  const isAttack = told.job.program.code.includes("attack");
  if (isAttack && behaviour === "exit before it begins") process.exit(3);
  say({ kind: "attempt", id: told.id, attempt: 1 });
  if (isAttack) attack(told.id);
  else setTimeout(() => end(told.id, "1"), delayMs(told.job.program.code));
});
process.stdin.on("data", read);
process.stdin.on("end", () => process.exit(0));
say({
  kind: "ready",
  isolation: {
    boundary: "process",
    permissionModel: false,
    permissionsDropped: false,
    seccomp: false,
    landlock: false,
    network: "open",
    missing: ["everything"],
  },
  counts,
});
