/**
 * The last step before a sandbox process takes runs: what it needed to load is given up, and what
 * really holds is found out by trying what must be refused.
 */
import { readFileSync } from "node:fs";
import type { Worker } from "node:worker_threads";
import type { SandboxIsolation } from "../sandbox.ts";
import { probeKernel, probeLandlock } from "./probe-kernel.ts";
import type { JavaScriptProbe } from "./probe-javascript.ts";
import { restrictPrivileges, restrictSystemCalls } from "./restrict.ts";
import { loadSystemCalls } from "./system-calls.ts";
import type { ForeignInterface, SystemCalls } from "./system-calls.ts";

/** What the parent found out before it started the process. */
export interface HardeningSetup {
  /** It was executed by the launcher. */
  readonly launched: boolean;
  /** How system calls can be made, if at all. */
  readonly through?: ForeignInterface;
  /** It loads native code of its own, and may go on to where permissions can not be dropped. */
  readonly loadsAddons?: boolean;
  /** What is known to be missing, and why. */
  readonly missing: readonly string[];
  /** What the launcher could not do. */
  readonly launcherFailures?: readonly string[];
}

/** Permissions that a process has for loading alone. */
const LOADING_PERMISSIONS = ["fs.read", "fs", "addon", "ffi", "child", "net"] as const;

/** Codes of the permission model's errors. */
const REFUSALS: ReadonlySet<string> = new Set(["ERR_ACCESS_DENIED", "ERR_DLOPEN_DISABLED"]);

interface DroppablePermission {
  readonly has: (scope: string) => boolean;
  readonly drop?: (scope: string) => void;
}

/** @param tryRefused tries what must be refused, from a thread like those for guests */
export async function hardenChild(
  setup: HardeningSetup,
  tryRefused: () => Promise<JavaScriptProbe>,
): Promise<SandboxIsolation> {
  const missing = [...setup.missing, ...(setup.launcherFailures ?? [])];
  const system = systemCalls(setup, missing);
  const landlock = system !== undefined && probeLandlock(system);
  if (system !== undefined && !landlock && !missing.some((part) => part.startsWith("landlock"))) {
    missing.push("landlock: files outside are not refused by the kernel");
  }
  const seccomp = system !== undefined && filterSystemCalls(system, setup, missing);
  const permissionsDropped = dropPermissions(missing);
  const probe = await tryRefused();
  const refused = [probe.read, probe.spawn, probe.thread];
  if (permissionsDropped || setup.loadsAddons !== true) refused.push(probe.addon);
  const permissionModel = refused.every((code) => REFUSALS.has(code));
  if (!permissionModel) missing.push(`permission model: a thread is told ${refused.join(", ")}`);
  const network = probe.network === "open" ? "open" : "blocked";
  return {
    boundary: "process",
    permissionModel,
    permissionsDropped,
    seccomp,
    landlock,
    network,
    // Why it is open matters only if it is.
    missing: missing.filter((part) => network === "open" || !part.startsWith("network")),
  };
}

function systemCalls({ through }: HardeningSetup, missing: string[]): SystemCalls | undefined {
  if (through === undefined) return undefined;
  try {
    return loadSystemCalls(through);
  } catch (error) {
    missing.push(`seccomp, landlock: ${through} can not be used: ${(error as Error).message}`);
    return undefined;
  }
}

function filterSystemCalls(
  system: SystemCalls,
  { launched }: HardeningSetup,
  missing: string[],
): boolean {
  try {
    // The launcher has seen to this before.
    if (!launched) restrictPrivileges(system);
    restrictSystemCalls(system, "second");
  } catch (error) {
    missing.push(`seccomp: ${(error as Error).message}`);
    return false;
  }
  const allowed = probeKernel(system);
  if (allowed.length > 0) missing.push(`seccomp: not refused: ${allowed.join(", ")}`);
  else if (!launched) missing.push("seccomp: io_uring was set up before the filter");
  return allowed.length === 0;
}

function dropPermissions(missing: string[]): boolean {
  const permission = process.permission as DroppablePermission | undefined;
  if (permission?.drop === undefined) {
    missing.push(
      `permissions dropped: Node ${process.versions.node} can not drop permissions; use Node 24.21 or newer`,
    );
    return false;
  }
  for (const scope of LOADING_PERMISSIONS) permission.drop(scope);
  try {
    readFileSync(import.meta.filename);
  } catch {
    // Refused by Node or by the kernel; the former is asked for by name.
    return LOADING_PERMISSIONS.every((scope) => !permission.has(scope));
  }
  missing.push("permissions dropped: files can still be read");
  return false;
}

/** What a thread reports that was started from `probe-thread.ts`; it is ended then. */
export function probeOfThread(worker: Worker): Promise<JavaScriptProbe> {
  return new Promise((resolve, reject) => {
    let probe: JavaScriptProbe | undefined;
    worker.once("message", (told: JavaScriptProbe) => {
      probe = told;
      void worker.terminate();
    });
    worker.once("error", reject);
    worker.once("exit", () => {
      if (probe === undefined) reject(new Error("The probe of the permissions ended early"));
      else resolve(probe);
    });
  });
}
