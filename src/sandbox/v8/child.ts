/**
 * Entry of a V8 process. It loads what it needs, gives up the permissions for that, and then has one
 * run at a time. Its main thread executes no guest code, so it always hears its parent; it kills
 * itself when the parent is gone, because nothing gentler ends a guest in native code.
 */
import { createRequire } from "node:module";
import { hardenChild } from "../hardening/harden-child.ts";
import { probeJavaScript } from "../hardening/probe-javascript.ts";
import { createFrameReader, encodeFrame } from "../process/frame.ts";
import type { Frame } from "../process/frame.ts";
import { createSchemaChecker } from "../run/schema-checker.ts";
import { readSetup } from "./child-setup.ts";
import type { ChildSetup } from "./child-setup.ts";
import { startChildRun } from "./child-run.ts";
import type { ChildRun } from "./child-run.ts";
import { compilePrelude, createGuestIsolate, memoryMibOf } from "./guest-isolate.ts";
import type { GuestIsolate } from "./guest-isolate.ts";
import type { IsolatedVm } from "./isolated-vm-api.ts";
import { createJobChecks } from "./job-checks.ts";
import type { FromChild, ToChild } from "./messages.ts";
import { openResidentMemory } from "./resident-memory.ts";

// Read by every isolate that is made from now on.
process.env["TZ"] = "UTC";
process.stdin.on("end", leave);
process.stdin.on("error", leave);
process.stdout.on("error", leave);

function leave(): void {
  try {
    process.kill(process.pid, "SIGKILL");
  } catch {
    // Behind the filter no signal can be sent; this is how the C library raises one in itself.
    process.abort();
  }
}

function post(message: FromChild, text = ""): void {
  process.stdout.write(encodeFrame(message, text));
}

async function serve(ivm: IsolatedVm, setup: ChildSetup): Promise<void> {
  const schemas = createSchemaChecker();
  schemas.load();
  const checks = createJobChecks(schemas);
  const residentBytes = openResidentMemory();
  const prelude = compilePrelude(ivm);
  let run: ChildRun | undefined;
  let attempt = 0;
  /** Made while nothing runs, for a run with the same memory as the last. */
  let prepared: GuestIsolate | undefined;

  function takeGuest(memoryMib: number): GuestIsolate {
    const ready = prepared;
    prepared = undefined;
    if (ready?.memoryMib === memoryMib && !ready.isDisposed) return ready;
    ready?.dispose();
    return createGuestIsolate(ivm, memoryMib, prelude);
  }

  function start(message: Extract<ToChild, { kind: "start" }>, contextJson: string): void {
    const job = { ...message.job, contextJson };
    const guest = takeGuest(memoryMibOf(job.limits.memoryBytes));
    attempt = message.attempt;
    run = startChildRun({
      attempt,
      job,
      guest,
      checks,
      residentBytes,
      post,
      onEnd(stuck) {
        run = undefined;
        if (stuck) return;
        setImmediate(() => {
          if (run === undefined) prepared ??= createGuestIsolate(ivm, guest.memoryMib, prelude);
        });
      },
    });
  }

  function onFrame({ message, text }: Frame): void {
    // The parent is trusted: it is what this process is protected for, not from.
    const received = message as ToChild;
    if (received.kind === "start") return start(received, text);
    if (received.attempt !== attempt) return;
    if (received.kind === "cancel") return run?.cancel();
    const { callId, reply } = received;
    run?.reply(callId, reply.ok ? { ...reply, json: text } : reply);
  }

  prepared = createGuestIsolate(ivm, memoryMibOf(setup.memoryBytes), prelude);
  const isolation = await hardenChild(setup, probeJavaScript);
  // Runs are watched by it: a process that can not tell must not be ready.
  residentBytes();
  process.stdin.on("data", createFrameReader(onFrame));
  post({ kind: "ready", isolation });
}

try {
  const load = createRequire(import.meta.url);
  const setup = readSetup(process.argv[2]);
  await serve((load(setup.addonPath) as { readonly ivm: IsolatedVm }).ivm, setup);
} catch (error) {
  post({ kind: "unable", reason: error instanceof Error ? error.message : String(error) });
}
