/** The installed package `isolated-vm`: found and judged without loading any of it. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { RepertoireError } from "../../base/errors.ts";

export interface IsolatedVmPackage {
  readonly version: string;
  /** Its native part for this Node and machine, with no links in its path. */
  readonly addonPath: string;
}

const NEEDS =
  "the V8 engine needs Node 22 or 24 with isolated-vm ^6.2.0, or Node 24 or 26 with isolated-vm ^7.0.1";
const MIN_NODE_MAJOR = 22;

/**
 * @param from a file or folder to look from (default: this file)
 * @throws {SANDBOX_UNAVAILABLE} when it is not installed, has a known hole, or has no build for this Node
 */
export function findIsolatedVm(from: string = import.meta.url): IsolatedVmPackage {
  const nodeMajor = Number(process.versions.node.split(".")[0]);
  if (nodeMajor < MIN_NODE_MAJOR) throw unavailable(`Node ${process.versions.node} is too old`);
  const load = createRequire(from);
  let manifestPath: string;
  try {
    manifestPath = realpathSync(load.resolve("isolated-vm/package.json"));
  } catch (cause) {
    throw unavailable("The package isolated-vm is not installed", cause);
  }
  const { version } = JSON.parse(readFileSync(manifestPath, "utf8")) as { version: string };
  if (!isPatched(version)) {
    throw unavailable(`isolated-vm ${version} lets programs out of their isolate`);
  }
  return { version, addonPath: findAddon(dirname(manifestPath), version) };
}

/** Versions with the fix of GHSA-864f-rcv7-6rh4, of the two lines that have one. */
export function isPatched(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  if (version.includes("-")) return false;
  if (major === 6) return minor >= 2;
  return major === 7 && (minor > 0 || patch >= 1);
}

function findAddon(folder: string, version: string): string {
  try {
    const load = createRequire(join(folder, "package.json"));
    const { path } = load("node-gyp-build") as { path(folder: string): string };
    const found = path(folder);
    if (existsSync(found)) return realpathSync(found);
  } catch (cause) {
    throw unavailable(
      `isolated-vm ${version} has no build for Node ${process.versions.node}`,
      cause,
    );
  }
  throw unavailable(`isolated-vm ${version} has no build for Node ${process.versions.node}`);
}

function unavailable(what: string, cause?: unknown): RepertoireError {
  return new RepertoireError("SANDBOX_UNAVAILABLE", `${what}; ${NEEDS}`, {
    details: { package: "isolated-vm", node: process.versions.node },
    ...(cause === undefined ? {} : { cause }),
  });
}
