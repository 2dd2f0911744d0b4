/**
 * The parent's side of one sandbox process: started, listened to, killed. It learns of everything
 * the process says as messages that were read and bounded; anything else ends the process.
 */
import { spawnChild } from "../hardening/spawn-child.ts";
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import type { LaunchCommand } from "../hardening/launch-hardened.ts";
import { createFrameReader, encodeFrame } from "./frame.ts";
import type { ToChild } from "./messages.ts";
import { readMessage } from "./read-message.ts";
import type { ReadMessage } from "./read-message.ts";

/** What is kept of what a process writes about its own end, in characters. */
const KEPT_ERROR_LENGTH = 2000;

export interface SandboxProcess {
  readonly pid: number | undefined;
  post(message: ToChild, text?: string): void;
  /** Whether it keeps this process alive. */
  setRef(ref: boolean): void;
  /** Ends it at once, whatever it does; resolves when it is gone. */
  kill(reason: string): Promise<void>;
}

export interface ProcessEvents {
  /** May throw, which ends the process as one that says what it must not. */
  onMessage(message: ReadMessage, text: string): void;
  /** It is gone, asked to or not; called once. */
  onExit(reason: string): void;
}

export function startProcess(command: LaunchCommand, events: ProcessEvents): SandboxProcess {
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  const { file, args, cwd } = command;
  const child = spawnChild(file, args, { env: environment(), cwd });
  let reason: string | undefined;
  let written = "";
  let over = false;
  let pending: Buffer[] = [];

  function finish(how: string): void {
    if (over) return;
    over = true;
    const said = written.trim();
    events.onExit(reason ?? (said === "" ? how : `${how}: ${said}`));
    resolve();
  }

  function kill(why: string): Promise<void> {
    reason ??= why;
    // Whoever waits for its end waits for something that happens.
    setReferences(child, true);
    child.kill("SIGKILL");
    return exited;
  }

  const read = createFrameReader(({ message, text }) =>
    events.onMessage(readMessage(message), text),
  );
  child.stdout.on("data", (chunk: Buffer) => {
    if (over || reason !== undefined) return;
    try {
      read(chunk);
    } catch (error) {
      void kill(`it broke the protocol: ${(error as Error).message}`);
    }
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    written = (written + chunk).slice(-KEPT_ERROR_LENGTH);
  });
  // What can not be written is lost with the process, whose end is reported once.
  child.stdin.on("error", () => undefined);
  child.stdout.on("error", () => undefined);
  child.stderr.on("error", () => undefined);
  child.once("error", (error) => finish(`it can not be started: ${error.message}`));
  child.once("close", (code, signal) => finish(exitText(code, signal)));

  function flush(): void {
    const frames = pending;
    pending = [];
    if (!over)
      child.stdin.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
  }

  return {
    pid: child.pid,
    post(message, text) {
      // One write for all that is said in one turn of the event loop.
      if (pending.push(encodeFrame(message, text)) === 1) queueMicrotask(flush);
    },
    setRef: (ref) => setReferences(child, ref),
    kill,
  };
}

/** Nothing of the parent's, where keys and tokens are; Windows starts nothing without its own folder. */
function environment(): Readonly<Record<string, string>> {
  const { SystemRoot } = process.env;
  return process.platform === "win32" && SystemRoot !== undefined ? { SystemRoot } : {};
}

function exitText(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
}

function setReferences(child: ChildProcess, ref: boolean): void {
  const handles = [child, child.stdin, child.stdout, child.stderr] as (ChildProcess | Socket)[];
  for (const handle of handles) {
    if (ref) handle.ref();
    else handle.unref();
  }
}
