import { describe, expect, test } from "vitest";
import { seccompProgram } from "./seccomp-program.ts";
import { systemCallNumber } from "./system-call-numbers.ts";
import type { Architecture, SystemCallName } from "./system-call-numbers.ts";

const ARCHITECTURES = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
const PID = 4242;

/** What the kernel makes of a program for one call: the semantics of classic BPF it uses. */
function decide(program: Uint8Array, words: ReadonlyMap<number, number>): string {
  const view = new DataView(program.buffer);
  let loaded = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const code = view.getUint16(8 * at, true);
    const value = view.getUint32(8 * at + 4, true);
    const jump = (isTrue: boolean): void => void (at += view.getUint8(8 * at + (isTrue ? 2 : 3)));
    if (code === 0x20) loaded = words.get(value) ?? 0;
    else if (code === 0x15) jump(loaded === value);
    else if (code === 0x35) jump(loaded >= value);
    else if (code === 0x45) jump((loaded & value) !== 0);
    else if (code === 0x06) return meaning(value);
    else throw new Error(`instruction ${code} at ${at}`);
  }
  throw new Error("the program ends without a decision");
}

function meaning(value: number): string {
  if (value === 0x7fff0000) return "allow";
  if (value === 0x80000000) return "kill";
  return `refuse ${value - 0x00050000}`;
}

function decisionOn(
  architecture: Architecture,
  stage: "first" | "second",
  number: number | undefined,
  ...values: readonly number[]
): string {
  const words = new Map([
    [0, number ?? Number.NaN],
    [4, ARCHITECTURES[architecture]],
    ...values.map((value, index) => [16 + 8 * index, value] as const),
  ]);
  return decide(seccompProgram({ architecture, stage, pid: PID }), words);
}

describe.each(["x64", "arm64"] as const)("the filters of %s", (architecture) => {
  const on = (
    stage: "first" | "second",
    name: SystemCallName,
    ...values: readonly number[]
  ): string => decisionOn(architecture, stage, systemCallNumber(name, architecture), ...values);

  test("leave what a process takes to start to the second one", () => {
    const calls = ["execve", "execveat"] as const;
    expect(calls.map((name) => on("first", name))).toEqual(["allow", "allow"]);
    expect(calls.map((name) => on("second", name))).toEqual(["refuse 1", "refuse 1"]);
    expect([on("first", "openat", 0, 0, 0), on("second", "openat", 0, 0, 0)]).toEqual([
      "allow",
      "refuse 1",
    ]);
  });

  test("open no file for writing", () => {
    const flags = [0o1, 0o2, 0o100, 0o1000, 0o2000101];
    expect(flags.map((flag) => on("first", "openat", 0, 0, flag))).toEqual(
      flags.map(() => "refuse 1"),
    );
  });

  test("let threads begin, and no processes", () => {
    expect(on("second", "clone", 0x3d0f00)).toBe("allow");
    expect(on("second", "clone", 17)).toBe("refuse 1");
    expect(on("second", "clone3")).toBe("refuse 38");
  });

  test("let it signal and limit itself, and nobody else", () => {
    expect([on("second", "tgkill", PID), on("second", "tgkill", 1)]).toEqual(["allow", "refuse 1"]);
    expect([on("second", "prlimit64", 0), on("second", "prlimit64", 1)]).toEqual([
      "allow",
      "refuse 1",
    ]);
    expect([on("second", "prctl", 15), on("second", "prctl", 1)]).toEqual(["allow", "refuse 1"]);
  });

  test("refuse sockets, processes, rights and the machine", () => {
    const names: readonly SystemCallName[] = [
      "socket",
      "socketpair",
      "connect",
      "bind",
      "ptrace",
      "process_vm_writev",
      "kill",
      "mount",
      "unshare",
      "setns",
      "bpf",
      "perf_event_open",
      "keyctl",
      "userfaultfd",
      "unlinkat",
      "fchmodat",
      "setuid",
      "open_by_handle_at",
      "sched_setattr",
    ];
    expect(names.map((name) => on("second", name))).toEqual(names.map(() => "refuse 1"));
    expect(on("first", "io_uring_setup")).toBe("refuse 38");
  });

  test("refuse calls of another architecture, and calls nobody knew", () => {
    const words = new Map([[4, 0x40000003]]);
    const program = seccompProgram({ architecture, stage: "first", pid: PID });
    expect(decide(program, words)).toBe("kill");
    expect(decisionOn(architecture, "second", 463)).toBe("refuse 38");
    expect(decisionOn(architecture, "second", 462)).toBe("allow");
  });
});

test("the x32 calls of x86-64 are refused", () => {
  expect(decisionOn("x64", "second", 0x40000000 + 41)).toBe("refuse 1");
});
