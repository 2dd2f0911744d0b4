/**
 * The parent's side of one V8 process: started, listened to, killed. What it says is read as data;
 * what is no message ends it.
 */
import { spawnChild } from "../hardening/spawn-child.ts";
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import type { LaunchCommand } from "../hardening/launch-hardened.ts";
import { createFrameReader, encodeFrame } from "../process/frame.ts";
import type { Frame } from "../process/frame.ts";
import type { ToChild } from "./messages.ts";

/** What is kept of what a process writes about its own end, in characters. */
const KEPT_ERROR_LENGTH = 4000;
/** What the engine says when it gives up because memory is short. */
const MEMORY_WORDS =
  /out of memory|out-of-memory|invalid (size|array|table) (error|length|size)|heap limit/i;
/** How a process ends that its engine gave up on: by these signals, or their codes. */
const ABORTS: ReadonlySet<string> = new Set([
  "SIGABRT",
  "SIGTRAP",
  "SIGILL",
  "SIGSEGV",
  "134",
  "133",
  "132",
]);

export interface V8Process {
  readonly pid: number | undefined;
  post(message: ToChild, text?: string): void;
  /** Whether it keeps this process alive. */
  setRef(ref: boolean): void;
  /** Ends it at once, whatever it does; resolves when it is gone. */
  kill(): Promise<void>;
}

export interface ProcessExit {
  readonly reason: string;
  /** The engine itself gave up for want of memory. */
  readonly outOfMemory: boolean;
  /** It said what it must not, and was ended for it. */
  readonly brokeProtocol: boolean;
}

export interface ProcessEvents {
  /** May throw, which ends the process as one that says what it must not. */
  onFrame(frame: Frame): void;
  /** It is gone, asked to or not; called once. */
  onExit(exit: ProcessExit): void;
}

export function startProcess(command: LaunchCommand, events: ProcessEvents): V8Process {
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  const { file, args, cwd } = command;
  // Nothing of the parent's environment, where keys and tokens are.
  const child = spawnChild(file, args, { env: {}, cwd });
  let written = "";
  let broken: string | undefined;
  let over = false;

  function finish(how: string): void {
    if (over) return;
    over = true;
    const said = written.trim().slice(0, 500);
    const aborted = ABORTS.has(how);
    const reason =
      broken ?? (said === "" ? `it ended with ${how}` : `it ended with ${how}: ${said}`);
    const outOfMemory = broken === undefined && aborted && MEMORY_WORDS.test(written);
    events.onExit({ reason, outOfMemory, brokeProtocol: broken !== undefined });
    resolve();
  }

  const read = createFrameReader(events.onFrame);
  child.stdout.on("data", (chunk: Buffer) => {
    if (over || broken !== undefined) return;
    try {
      read(chunk);
    } catch (error) {
      broken = `it broke the protocol: ${(error as Error).message}`;
      child.kill("SIGKILL");
    }
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    // The first words tell what happened; a native stack follows them.
    written = (written + chunk).slice(0, KEPT_ERROR_LENGTH);
  });
  // What can not be written is lost with the process, whose end is reported once.
  child.stdin.on("error", () => undefined);
  child.stdout.on("error", () => undefined);
  child.stderr.on("error", () => undefined);
  child.once("error", (error) => finish(`no start: ${error.message}`));
  child.once("close", (code, signal) => finish(signal ?? String(code)));

  return {
    pid: child.pid,
    post: (message, text) => void child.stdin.write(encodeFrame(message, text)),
    setRef: (ref) => setReferences(child, ref),
    kill() {
      // Whoever waits for its end must not be left waiting because nothing else keeps going.
      setReferences(child, true);
      child.kill("SIGKILL");
      return exited;
    },
  };
}

function setReferences(child: ChildProcess, ref: boolean): void {
  const handles = [child, child.stdin, child.stdout, child.stderr] as (ChildProcess | Socket)[];
  for (const handle of handles) {
    if (ref) handle.ref();
    else handle.unref();
  }
}
