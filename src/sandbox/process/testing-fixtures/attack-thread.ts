/** What code that got out of its engine would try, as a thread like those for guests or the main one. */
import { execFileSync, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import * as fs from "node:fs";
import inspector from "node:inspector";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

/** Code of the error of each attempt; `open` for one that succeeded. */
export type AttackReport = Readonly<Record<string, string>>;

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

/** The first of the events of something that connects or listens. */
function event(
  what: () => {
    once(name: string, listener: (error: unknown) => void): unknown;
  },
  success: string,
): Promise<string> {
  return new Promise((resolve) => {
    try {
      const emitter = what();
      emitter.once("error", (error) => resolve(codeOf(error)));
      emitter.once(success, () => resolve(OPEN));
    } catch (error) {
      resolve(codeOf(error));
    }
  });
}

export async function attackFromJavaScript(): Promise<AttackReport> {
  const spawned = (): void => {
    const { error } = spawnSync("/bin/true");
    if (error) throw error;
  };
  const require = createRequire("/");
  const missing = "/etc/none.js";
  return {
    "read a file": attempt(() => fs.readFileSync("/etc/passwd")),
    "read its own program": attempt(() => fs.readFileSync(process.execPath)),
    "read its own memory": attempt(() => fs.readFileSync("/proc/self/mem")),
    "list a directory": attempt(() => fs.readdirSync("/etc")),
    "write a file": attempt(() => fs.writeFileSync("/tmp/repertoire-attack", "x")),
    "remove a file": attempt(() => fs.rmSync("/tmp/repertoire-attack-none")),
    "make a link": attempt(() => fs.symlinkSync("/etc/passwd", "/tmp/repertoire-attack-link")),
    "change a mode": attempt(() => fs.chmodSync("/tmp", 0o777)),
    "watch a file": attempt(() => fs.watch("/etc/passwd").close()),
    "spawn a program": attempt(spawned),
    "execute a file": attempt(() => execFileSync("/bin/true")),
    "become a program": attempt(() => {
      if (process.execve === undefined) throw new Error("not there");
      process.execve("/bin/true", ["true"], {});
    }),
    "load an addon": attempt(() => process.dlopen({ exports: {} }, "/none.node")),
    "load a module": attempt(() => require(missing) as unknown),
    "end its parent": attempt(() => process.kill(process.ppid, 0)),
    "open an inspector": attempt(() => inspector.open(0)),
    "connect to the network": await event(() => connect(9, "127.0.0.1"), "connect"),
    "connect to a Unix socket": await event(() => connect("/run/none.sock"), "connect"),
    "listen on the network": await event(() => createServer().listen(0), "listening"),
    "send a datagram": await event(() => {
      const socket = createSocket("udp4");
      socket.connect(9, "127.0.0.1");
      return socket;
    }, "connect"),
    "read the environment": Object.keys(process.env).length === 0 ? "empty" : OPEN,
  };
}

if (!isMainThread) {
  parentPort?.postMessage({
    ...(await attackFromJavaScript()),
    // The main thread keeps this one: it replaces workers.
    "start a thread": attempt(() => new Worker("", { eval: true })),
  });
}
