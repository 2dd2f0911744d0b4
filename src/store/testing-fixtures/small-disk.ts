/** A disk of its own, to be filled or made read-only; mounting one needs Linux and root. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface SmallDisk {
  /** Mounts it again with other options of `mount -o`, such as `ro` or `size=8m`. */
  remount(options: string): void;
  unmount(): void;
}

/** Makes the directory `path` and mounts a disk there, of one megabyte unless the options of `mount -o` say otherwise. */
export function smallDisk(path: string, options = "size=1m"): SmallDisk {
  mkdirSync(path);
  run("mount", "-t", "tmpfs", "-o", options, "tmpfs", path);
  return {
    remount: (options) => run("mount", "-o", `remount,${options}`, path),
    unmount: () => run("umount", path),
  };
}

/** Whether {@link smallDisk} works here. */
export function canMount(): boolean {
  const probe = temporaryDirectory();
  try {
    smallDisk(`${probe.path}/disk`).unmount();
    return true;
  } catch {
    // Not root, no such program, or a container that forbids it.
    return false;
  } finally {
    probe.remove();
  }
}

/** Runs a program of the system; it speaks up only by failing. */
function run(program: string, ...parameters: readonly string[]): void {
  execFileSync(program, parameters, { stdio: "ignore" });
}
