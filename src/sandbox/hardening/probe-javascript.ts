/** Tries from JavaScript what code that got out of its engine must not do, and reports. */
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";

/** Code of the error each attempt ended with, or `open` when it did not. */
export interface JavaScriptProbe {
  readonly read: string;
  readonly spawn: string;
  readonly thread: string;
  readonly addon: string;
  readonly network: string;
}

const OPEN = "open";

function codeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

function attempt(what: () => unknown): string {
  try {
    what();
    return OPEN;
  } catch (error) {
    return codeOf(error);
  }
}

/** Nothing is sent: a datagram socket only looks for the way to its peer. */
function network(): Promise<string> {
  return new Promise((resolve) => {
    try {
      const socket = createSocket("udp4");
      const done = (result: string): void => {
        socket.close();
        resolve(result);
      };
      socket.once("error", (error) => done(codeOf(error)));
      // A callback of its own would be told of errors too.
      socket.once("connect", () => done(OPEN));
      socket.connect(9, "127.0.0.1");
    } catch (error) {
      resolve(codeOf(error));
    }
  });
}

/** Tries from the calling thread; nothing is left of what is not refused. */
export async function probeJavaScript(): Promise<JavaScriptProbe> {
  return {
    read: attempt(() => readFileSync(process.execPath)),
    spawn: attempt(() => spawnSync(process.execPath, ["--version"])),
    thread: attempt(() => new Worker("", { eval: true })),
    addon: attempt(() => process.dlopen({ exports: {} }, "/nonexistent.node")),
    network: await network(),
  };
}
