/** The kernel's restrictions a process can put on itself: `prctl(2)`, `seccomp(2)`, `landlock(7)`. */
import { seccompProgram } from "./seccomp-program.ts";
import { nativeBytes, nativeText } from "./system-calls.ts";
import type { SystemCalls } from "./system-calls.ts";

const PR_SET_PDEATHSIG = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const SIGKILL = 9;

const SECCOMP_SET_MODE_FILTER = 1;
/** The filter holds for every thread there is, not only for the calling one. */
const SECCOMP_FILTER_FLAG_TSYNC = 1;

const LANDLOCK_CREATE_RULESET_VERSION = 1;
const LANDLOCK_RULE_PATH_BENEATH = 1;
const EXECUTE = 1;
const READ_FILE = 4;
const READ_DIR = 8;

const AT_FDCWD = -100;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;

/** What a process behind Landlock may still do with files. */
export interface FileAccess {
  /** Files and directories it may read, with all that is below them. */
  readonly readable: readonly string[];
  /** Files it may execute. */
  readonly executable: readonly string[];
}

/** From here on no program it executes gains rights, and it ends when its parent does. */
export function restrictPrivileges(system: SystemCalls): void {
  succeed("no_new_privs", system.call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  succeed("parent death signal", system.call("prctl", PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
}

/** Sets a filter for every thread of the process, present and future. */
export function restrictSystemCalls(system: SystemCalls, stage: "first" | "second"): void {
  const { architecture } = system;
  const program = seccompProgram({ architecture, stage, pid: process.pid });
  // struct sock_fprog: a 16-bit length, padding, and the address of the program.
  const description = nativeBytes(16);
  const view = new DataView(description.buffer);
  view.setUint16(0, program.length / 8, true);
  view.setBigUint64(8, system.addressOf(program), true);
  const { call } = system;
  succeed(
    "seccomp",
    call("seccomp", SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, description),
  );
}

/** Restricts the calling thread, and everything it starts or executes from here on. */
export function restrictFiles(system: SystemCalls, access: FileAccess): void {
  const abi = system.call("landlock_create_ruleset", 0, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) throw new Error("this kernel has no Landlock");
  const ruleset = system.call(
    "landlock_create_ruleset",
    rulesetAttributes(abi),
    rulesetSize(abi),
    0,
  );
  succeed("landlock_create_ruleset", ruleset);
  const allow = (path: string, rights: number): void => allowPath(system, ruleset, path, rights);
  for (const path of access.readable) allow(path, READ_FILE | READ_DIR);
  for (const path of access.executable) allow(path, READ_FILE | EXECUTE);
  succeed("landlock_restrict_self", system.call("landlock_restrict_self", ruleset, 0));
  system.call("close", ruleset);
}

/** `struct landlock_ruleset_attr` with everything handled that this version of Landlock knows. */
function rulesetAttributes(abi: number): Uint8Array {
  const fileRights = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;
  const bytes = nativeBytes(24);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, (1n << BigInt(fileRights)) - 1n, true);
  // Binding and connecting TCP sockets.
  view.setBigUint64(8, 3n, true);
  // Abstract Unix sockets and signals of other processes.
  view.setBigUint64(16, 3n, true);
  return bytes;
}

function rulesetSize(abi: number): number {
  return abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
}

function allowPath(system: SystemCalls, ruleset: number, path: string, rights: number): void {
  const file = system.call("openat", AT_FDCWD, nativeText(path), O_PATH | O_CLOEXEC, 0);
  // What is not there needs no rule.
  if (file < 0) return;
  const add = (allowed: number): number => {
    // struct landlock_path_beneath_attr, packed: the rights and the file.
    const rule = nativeBytes(12);
    const view = new DataView(rule.buffer);
    view.setBigUint64(0, BigInt(allowed), true);
    view.setInt32(8, file, true);
    return system.call("landlock_add_rule", ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0);
  };
  // A rule about reading directories is refused for what is none.
  const result = add(rights);
  if (result < 0) succeed(`landlock_add_rule ${path}`, add(rights & ~READ_DIR));
  system.call("close", file);
}

function succeed(what: string, result: number): void {
  if (result < 0) throw new Error(`${what} failed with error number ${-result}`);
}
