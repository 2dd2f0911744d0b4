/**
 * A sandbox process that is hardened as any other and then attacks: from its main thread, from a
 * thread like those for guests, and with system calls. It writes what became of it as one JSON.
 */
import { writeSync } from "node:fs";
import type { HardeningSetup } from "../../hardening/harden-child.ts";
import type { SystemCallName } from "../../hardening/system-call-numbers.ts";
import type { SystemCalls } from "../../hardening/system-calls.ts";
import { recordModules } from "../module-recorder.ts";

const modules = recordModules();
const { hardenChild, probeOfThread } = await import("../../hardening/harden-child.ts");
const { loadSystemCalls, nativeBytes, nativeText } =
  await import("../../hardening/system-calls.ts");
const { startRecordedWorker } = await import("../recorded-worker.ts");
const { attackFromJavaScript } = await import("./attack-thread.ts");
const urlOf = (path: string): string => new URL(path, import.meta.url).href;
const probeUrl = urlOf("../../hardening/probe-thread.ts");
await import(probeUrl);

const setup = JSON.parse(process.argv[2] ?? "") as HardeningSetup;
const system = setup.through === undefined ? undefined : loadSystemCalls(setup.through);
const parent = process.ppid;
const isolation = await hardenChild(setup, () =>
  probeOfThread(startRecordedWorker(modules, probeUrl, undefined, {})),
);

function attackTheKernel(): Readonly<Record<string, number | string>> {
  if (system === undefined) return {};
  const path = nativeText("/etc/passwd");
  const memory = nativeBytes(512);
  const tries: readonly (readonly [SystemCallName, ...(number | Uint8Array)[]])[] = [
    ["openat", -100, path, 0, 0],
    ["openat", -100, nativeText("/tmp/repertoire-attack"), 0o101, 0o600],
    ["openat2", -100, path, memory, 24],
    ["execve", nativeText("/bin/true"), memory, memory],
    ["execveat", -100, nativeText("/bin/true"), memory, memory, 0],
    ["clone", 17, 0, 0, 0, 0],
    ["clone3", memory, 88],
    ["socket", 2, 1, 0],
    ["socket", 1, 1, 0],
    ["socket", 16, 3, 0],
    ["socketpair", 1, 1, 0, memory],
    ["bind", 0, memory, 16],
    ["connect", 0, memory, 16],
    ["ptrace", 16, parent, 0, 0],
    ["process_vm_readv", parent, memory, 1, memory, 1],
    ["pidfd_open", parent, 0],
    ["kill", parent, 0],
    ["tgkill", parent, parent, 0],
    ["prctl", 1, 0, 0, 0, 0],
    ["mount", path, path, path, 0, 0],
    ["unshare", 0x10000000],
    ["setns", 0, 0],
    ["bpf", 0, memory, 120],
    ["perf_event_open", memory, 0, -1, -1, 0],
    ["keyctl", 0, 0],
    ["userfaultfd", 0],
    ["io_uring_setup", 8, memory],
    ["unlinkat", -100, nativeText("/tmp/repertoire-attack-none"), 0],
    ["fchmodat", -100, nativeText("/tmp"), 0o777],
    ["setuid", 0],
    ["chroot", nativeText("/")],
  ];
  return Object.fromEntries(
    tries.map(([name, ...values], index) => [`${index} ${name}`, tryCall(system, name, values)]),
  );
}

/** The result, or the code of Node's own refusal to make system calls at all. */
function tryCall(
  calls: SystemCalls,
  name: SystemCallName,
  values: readonly (number | Uint8Array)[],
): number | string {
  try {
    return calls.call(name, ...values);
  } catch (error) {
    return String((error as { readonly code?: unknown }).code);
  }
}

const thread = await new Promise((resolve, reject) => {
  const worker = startRecordedWorker(modules, urlOf("./attack-thread.ts"), undefined, {});
  worker.once("message", resolve);
  worker.once("error", reject);
});
const report = { isolation, thread, main: await attackFromJavaScript(), kernel: attackTheKernel() };
writeSync(1, JSON.stringify(report));
process.exit(0);
