/** How a sandbox process of this engine is started. */
import { extname, join } from "node:path";
import { launchHardened } from "../hardening/launch-hardened.ts";
import type { LaunchCommand, LaunchFallback } from "../hardening/launch-hardened.ts";
import type { ChildSetup } from "./child-setup.ts";
import { readablePaths } from "./readable-paths.ts";

/** Heap of the main thread of the process: messages on their way. */
const MAX_HEAP_MIB = 512;

/** The command for a process with these workers; `entry` is its first module. */
export function launchCommand(
  size: Pick<ChildSetup, "workers" | "slotsPerWorker">,
  fallback: LaunchFallback,
  entry = join(import.meta.dirname, `child${extname(import.meta.filename)}`),
): Promise<LaunchCommand> {
  const program = {
    entry,
    // Node 22 lets a thread read what is below the directory its process was started in.
    cwd: import.meta.dirname,
    flags: ["--allow-worker", `--max-old-space-size=${MAX_HEAP_MIB}`],
    loadsAddons: false,
    readable: readablePaths,
    setup: size,
  };
  return launchHardened(program, fallback);
}
