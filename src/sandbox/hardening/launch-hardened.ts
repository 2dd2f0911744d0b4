/**
 * The command that starts a sandbox process: Node under the permission model, behind whatever the
 * machine offers beyond, and what is known to be missing. Every engine with processes starts them so.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import type { HardeningSetup } from "./harden-child.ts";
import type { LaunchOrder } from "./launcher.ts";
import type { ForeignInterface } from "./system-calls.ts";

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

/** What there is to start. */
export interface HardenedProgram {
  /** Its first module. */
  readonly entry: string;
  readonly cwd: string;
  /** What Node is told besides its permissions. */
  readonly flags: readonly string[];
  /** It loads native code of its own. */
  readonly loadsAddons: boolean;
  /** Files and folders it reads to start, together with the packages in `more`. */
  readonly readable: (more: readonly string[]) => readonly string[];
  /** What it is told besides what holds of its hardening: its last argument, as JSON. */
  readonly setup: object;
}

export const FULL_HARDENING: LaunchFallback = { launcher: undefined, network: undefined };

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

export async function launchHardened(
  program: HardenedProgram,
  fallback: LaunchFallback,
): Promise<LaunchCommand> {
  const through = foreignInterface();
  const launched = through.found !== undefined && fallback.launcher === undefined;
  const unshare = await networkNamespace(fallback);
  const missing = [...through.missing, ...unshare.missing];
  if (through.found !== undefined && !launched) missing.push(`landlock: ${fallback.launcher}`);
  const setup: HardeningSetup = {
    ...program.setup,
    launched,
    loadsAddons: program.loadsAddons,
    missing,
    ...(through.found === undefined ? {} : { through: through.found }),
  };
  const readable = program.readable(through.found === "koffi" ? ["koffi"] : []);
  const args = [
    ...permissionFlags(program, readable, through.found),
    ...program.flags,
    program.entry,
    JSON.stringify(setup),
  ];
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
  const launcher = join(import.meta.dirname, `launcher${extname(import.meta.filename)}`);
  const nodeArgs = order === undefined ? args : ["--no-warnings", launcher, JSON.stringify(order)];
  const [file, ...rest] = [...unshare.prefix, process.execPath, ...nodeArgs];
  return { file: file as string, args: rest, cwd: program.cwd };
}

/** The same with one part less, because a process did not start: less is better than none. */
export function weakerHardening(fallback: LaunchFallback, reason: string): LaunchFallback {
  const why = `the process did not start with it: ${reason}`;
  if (fallback.launcher === undefined) return { ...fallback, launcher: why };
  return { ...fallback, network: why };
}

function permissionFlags(
  { loadsAddons }: HardenedProgram,
  readable: readonly string[],
  through: ForeignInterface | undefined,
): readonly string[] {
  return [
    "--no-warnings",
    "--permission",
    ...readable.map((path) => `--allow-fs-read=${path}`),
    ...(loadsAddons || through === "koffi" ? ["--allow-addons"] : []),
    ...(through === "node:ffi" ? ["--allow-ffi"] : []),
    // A configuration that is there and can not be read would end the process.
    "--openssl-config=/dev/null",
    "--disable-proto=delete",
    "--disable-sigusr1",
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
