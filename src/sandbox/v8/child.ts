/**
 * Entry of a V8 process. It loads what it needs, gives up the permissions for that, and then has one
 * run at a time. Its main thread executes no guest code, so it always hears its parent; it kills
 * itself when the parent is gone, because nothing gentler ends a guest in native code.
 */
import { createRequire } from "node:module";
import { createFrameReader, encodeFrame } from "../process/frame.ts";
import type { Frame } from "../process/frame.ts";
import { createSchemaChecker } from "../run/schema-checker.ts";
import { startChildRun } from "./child-run.ts";
import type { ChildRun } from "./child-run.ts";
import { createGuestIsolate, memoryMibOf } from "./guest-isolate.ts";
import type { GuestIsolate } from "./guest-isolate.ts";
import type { IsolatedVm } from "./isolated-vm-api.ts";
import { createJobChecks } from "./job-checks.ts";
import type { FromChild, ToChild } from "./messages.ts";

// Read by every isolate that is made from now on.
process.env["TZ"] = "UTC";
process.stdin.on("end", leave);
process.stdin.on("error", leave);
process.stdout.on("error", leave);

function leave(): void {
  process.kill(process.pid, "SIGKILL");
}

function post(message: FromChild, text = ""): void {
  process.stdout.write(encodeFrame(message, text));
}

/** Gives up what was needed to start; only newer versions of Node can. */
function dropPermissions(): boolean {
  const { permission } = process as unknown as {
    readonly permission?: { drop?(scope: string): void };
  };
  if (permission?.drop === undefined) return false;
  permission.drop("fs.read");
  permission.drop("addons");
  return true;
}

function serve(ivm: IsolatedVm): void {
  const schemas = createSchemaChecker();
  schemas.load();
  const checks = createJobChecks(schemas);
  let run: ChildRun | undefined;
  let attempt = 0;
  /** Made while nothing runs, for a run with the same memory as the last. */
  let prepared: GuestIsolate | undefined;

  function takeGuest(memoryMib: number): GuestIsolate {
    const ready = prepared;
    prepared = undefined;
    if (ready?.memoryMib === memoryMib && !ready.isDisposed) return ready;
    ready?.dispose();
    return createGuestIsolate(ivm, memoryMib);
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
      post,
      onEnd(stuck) {
        run = undefined;
        if (stuck) return;
        setImmediate(() => {
          if (run === undefined) prepared ??= createGuestIsolate(ivm, guest.memoryMib);
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

  prepared = createGuestIsolate(ivm, memoryMibOf(Number(process.argv[3])));
  const permissionsDropped = dropPermissions();
  process.stdin.on("data", createFrameReader(onFrame));
  post({ kind: "ready", permissionsDropped });
}

try {
  const load = createRequire(import.meta.url);
  serve((load(process.argv[2] as string) as { readonly ivm: IsolatedVm }).ivm);
} catch (error) {
  post({ kind: "unable", reason: error instanceof Error ? error.message : String(error) });
}
