/**
 * The seccomp filters of a sandbox process, as classic BPF programs (`seccomp(2)`, linux/filter.h).
 *
 * They refuse rather than allow by list: what Node itself needs differs between its versions. The
 * first filter is set before the process is executed and leaves what that takes, which is executing
 * a program and reading files; the second takes these away as well.
 */
import { systemCallNumber } from "./system-call-numbers.ts";
import type { Architecture, SystemCallName } from "./system-call-numbers.ts";

/** Refused from the beginning. */
const ALWAYS = `
  fork vfork socket socketpair connect bind listen accept accept4 creat
  unlink unlinkat rmdir mkdir mkdirat rename renameat renameat2 link linkat symlink symlinkat
  mknod mknodat truncate chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat
  utime utimes utimensat futimesat
  setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
  ptrace process_vm_readv process_vm_writev process_madvise kcmp
  pidfd_open pidfd_getfd pidfd_send_signal kill tkill rt_sigqueueinfo rt_tgsigqueueinfo
  mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr
  bpf perf_event_open keyctl add_key request_key userfaultfd unshare setns
  name_to_handle_at open_by_handle_at
  kexec_load kexec_file_load init_module finit_module delete_module reboot swapon swapoff
  acct quotactl quotactl_fd syslog iopl ioperm modify_ldt personality
  sethostname setdomainname settimeofday clock_settime adjtimex clock_adjtime vhangup
  setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset
  shmget shmat shmctl msgget msgsnd msgrcv msgctl semget semop semctl semtimedop mq_open mq_unlink
  fanotify_init fanotify_mark inotify_init inotify_init1 inotify_add_watch
  memfd_secret io_uring_register
  setpriority sched_setparam sched_setscheduler sched_setaffinity sched_setattr ioprio_set
  migrate_pages move_pages process_mrelease
`
  .trim()
  .split(/\s+/) as SystemCallName[];

/** Refused once everything is loaded. */
const FINALLY: readonly SystemCallName[] = ["execve", "execveat", "open", "openat"];

// Offsets in `struct seccomp_data`; of an argument, its lower half.
const NUMBER_AT = 0;
const ARCHITECTURE_AT = 4;
const argumentAt = (index: number): number => 16 + 8 * index;

const AUDIT_ARCHITECTURE: Readonly<Record<Architecture, number>> = {
  x64: 0xc000003e,
  arm64: 0xc00000b7,
};
/** Numbers from here on are of the x32 interface of x86-64. */
const X32_FROM = 0x40000000;

/** The first number after the calls of Linux 6.10, on every architecture. */
const UNKNOWN_FROM = 463;

const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_FROM = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const refuse = (errorNumber: number): number => 0x00050000 + errorNumber;
const EPERM = 1;
const ENOSYS = 38;

const CLONE_THREAD = 0x00010000;
/** O_WRONLY, O_RDWR, O_CREAT and O_TRUNC: the same on both architectures. */
const WRITES = 0o1103;
const PR_SET_PDEATHSIG = 1;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

export interface FilterOptions {
  readonly architecture: Architecture;
  /** Which of the two filters. */
  readonly stage: "first" | "second";
  /** The process itself, which alone may be signalled. */
  readonly pid: number;
}

/** The program as an array of `struct sock_filter`. */
export function seccompProgram({ architecture, stage, pid }: FilterOptions): Uint8Array {
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCHITECTURE_AT],
    [JUMP_EQUAL, 1, 0, AUDIT_ARCHITECTURE[architecture]],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, NUMBER_AT],
  ];
  if (architecture === "x64") {
    program.push([JUMP_FROM, 0, 1, X32_FROM], [RETURN, 0, 0, refuse(EPERM)]);
  }

  /** Instructions for one call, jumped over for every other. */
  function onCall(name: SystemCallName, ...instructions: readonly Instruction[]): void {
    const number = systemCallNumber(name, architecture);
    if (number === undefined) return;
    program.push([JUMP_EQUAL, 0, instructions.length, number], ...instructions);
  }
  function check(name: SystemCallName, argument: number, test: Instruction): void {
    onCall(
      name,
      [LOAD, 0, 0, argumentAt(argument)],
      test,
      [RETURN, 0, 0, refuse(EPERM)],
      [RETURN, 0, 0, ALLOW],
    );
  }

  for (const name of ALWAYS) onCall(name, [RETURN, 0, 0, refuse(EPERM)]);
  // Their arguments are out of a filter's reach; callers fall back to the older calls.
  for (const name of ["clone3", "openat2", "io_uring_setup"] as const) {
    onCall(name, [RETURN, 0, 0, refuse(ENOSYS)]);
  }
  // Threads, but no processes.
  check("clone", 0, [JUMP_ANY_BIT, 1, 0, CLONE_THREAD]);
  check("tgkill", 0, [JUMP_EQUAL, 1, 0, pid]);
  // Its own limits, which it is 0 for, and nobody else's.
  check("prlimit64", 0, [JUMP_EQUAL, 1, 0, 0]);
  // It ends with its parent, and can not change that.
  check("prctl", 0, [JUMP_EQUAL, 0, 1, PR_SET_PDEATHSIG]);
  if (stage === "second") {
    for (const name of FINALLY) onCall(name, [RETURN, 0, 0, refuse(EPERM)]);
  } else {
    check("open", 1, [JUMP_ANY_BIT, 0, 1, WRITES]);
    check("openat", 2, [JUMP_ANY_BIT, 0, 1, WRITES]);
  }
  // Of calls that are newer than this list nobody knows what they do.
  program.push([JUMP_FROM, 0, 1, UNKNOWN_FROM], [RETURN, 0, 0, refuse(ENOSYS)]);
  program.push([RETURN, 0, 0, ALLOW]);
  return encode(program);
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(8 * program.length));
  const view = new DataView(bytes.buffer);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    view.setUint16(8 * index, code, true);
    view.setUint8(8 * index + 2, ifTrue);
    view.setUint8(8 * index + 3, ifFalse);
    view.setUint32(8 * index + 4, value, true);
  }
  return bytes;
}
