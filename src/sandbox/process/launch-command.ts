/** How a sandbox process is started: with which flags, behind what, and what is known to be missing. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import type { LaunchOrder } from "../hardening/launcher.ts";
import type { ForeignInterface } from "../hardening/system-calls.ts";
import type { ChildSetup } from "./child-setup.ts";
import { readablePaths } from "./readable-paths.ts";

export interface LaunchCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

/** Which parts of the hardening to leave out, because the process did not start with them. */
export interface LaunchFallback {
  readonly launcher: string | undefined;
  readonly network: string | undefined;
}

/** Heap of the main thread of the process: messages on their way. */
const MAX_HEAP_MIB = 512;
const PROBE_TIMEOUT_MS = 5000;
const UNSHARE = ["/usr/bin/unshare", "/bin/unshare"];
/** Where the C library of each architecture, and its loader, are found. */
const SYSTEM_READABLE = [
  "/lib",
  "/lib64",
  "/usr/lib",
  "/usr/lib64",
  "/etc/ld.so.cache",
  "/dev/null",
];
const LOADERS = [
  "/lib64/ld-linux-x86-64.so.2",
  "/lib/ld-linux-aarch64.so.1",
  "/lib/ld-musl-x86_64.so.1",
  "/lib/ld-musl-aarch64.so.1",
];

/** The command for a process with these workers; `entry` is its first module. */
export async function launchCommand(
  size: Pick<ChildSetup, "workers" | "slotsPerWorker">,
  fallback: LaunchFallback,
  entry = besideThis("./child"),
): Promise<LaunchCommand> {
  const through = foreignInterface();
  const launched = through.found !== undefined && fallback.launcher === undefined;
  const unshare = await networkNamespace(fallback);
  const missing = [...through.missing, ...unshare.missing];
  if (through.found !== undefined && !launched) missing.push(`landlock: ${fallback.launcher}`);
  const setup: ChildSetup = {
    ...size,
    launched,
    missing,
    ...(through.found === undefined ? {} : { through: through.found }),
  };
  const readable = readablePaths(through.found === "koffi" ? ["koffi"] : []);
  const args = [...childFlags(readable, through.found), entry, JSON.stringify(setup)];
  const order: LaunchOrder | undefined = !launched
    ? undefined
    : {
        through: through.found,
        access: {
          readable: [...readable, ...SYSTEM_READABLE],
          executable: [process.execPath, ...LOADERS],
        },
        args,
      };
  const nodeArgs =
    order === undefined
      ? args
      : ["--no-warnings", besideThis("../hardening/launcher"), JSON.stringify(order)];
  const [file, ...rest] = [...unshare.prefix, process.execPath, ...nodeArgs];
  // Node 22 lets a thread read what is below the directory its process was started in.
  return { file: file as string, args: rest, cwd: import.meta.dirname };
}

function besideThis(path: string): string {
  return join(import.meta.dirname, `${path}${extname(import.meta.filename)}`);
}

function childFlags(
  readable: readonly string[],
  through: ForeignInterface | undefined,
): readonly string[] {
  return [
    "--no-warnings",
    "--permission",
    "--allow-worker",
    ...readable.map((path) => `--allow-fs-read=${path}`),
    ...(through === "koffi" ? ["--allow-addons"] : []),
    ...(through === "node:ffi" ? ["--allow-ffi"] : []),
    // A configuration that is there and can not be read would end the process.
    "--openssl-config=/dev/null",
    "--disable-proto=delete",
    "--disable-sigusr1",
    `--max-old-space-size=${MAX_HEAP_MIB}`,
  ];
}

interface FoundInterface {
  readonly found?: ForeignInterface;
  readonly missing: readonly string[];
}

function foreignInterface(): FoundInterface {
  const { platform, arch } = process;
  if (platform !== "linux" || (arch !== "x64" && arch !== "arm64")) {
    return { missing: [`seccomp, landlock: not for ${platform} on ${arch}`] };
  }
  if (process.execve === undefined) {
    return { missing: ["seccomp, landlock: this Node can not execute a program in its own place"] };
  }
  if (isBuiltin("node:ffi")) return { found: "node:ffi", missing: [] };
  try {
    createRequire(import.meta.url).resolve("koffi");
    return { found: "koffi", missing: [] };
  } catch {
    // Optional: without it there is one thing less between a program and the machine.
    return {
      missing: ["seccomp, landlock: install the package koffi (npm install koffi), or use Node 26"],
    };
  }
}

interface Namespace {
  readonly prefix: readonly string[];
  readonly missing: readonly string[];
}

let probed: Promise<Namespace> | undefined;

function networkNamespace({ network }: LaunchFallback): Promise<Namespace> {
  if (network !== undefined)
    return Promise.resolve({ prefix: [], missing: [`network: ${network}`] });
  probed ??= probeNamespace();
  return probed;
}

/** Whether processes of this user may have a network of their own: many systems do not let them. */
async function probeNamespace(): Promise<Namespace> {
  const program = UNSHARE.find((path) => existsSync(path));
  if (process.platform !== "linux" || program === undefined) {
    return { prefix: [], missing: ["network: the program unshare (util-linux) is not there"] };
  }
  const prefix = [program, "--user", "--net", "--"];
  try {
    await promisify(execFile)(program, ["--user", "--net", "--", program, "--version"], {
      env: {},
      timeout: PROBE_TIMEOUT_MS,
    });
    return { prefix, missing: [] };
  } catch (error) {
    const reason = (error as { readonly stderr?: string }).stderr?.trim() ?? "";
    const why = reason === "" ? "refused" : reason;
    return { prefix: [], missing: [`network: no namespace of its own: ${why}`] };
  }
}
