/** How a V8 process is started: what it may read, how much it may hold, and nothing else. */
import { existsSync, lstatSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { LIMITS } from "../../base/limits.ts";
import { launchHardened } from "../hardening/launch-hardened.ts";
import type { LaunchCommand, LaunchFallback } from "../hardening/launch-hardened.ts";
import type { OwnSetup } from "./child-setup.ts";
import { STATUS_FILE } from "./resident-memory.ts";
import type { IsolatedVmPackage } from "./find-isolated-vm.ts";

/** Packages the process loads besides the engine: the validator of schemas, and what that needs. */
const PACKAGES = [
  "ajv",
  "fast-deep-equal",
  "fast-uri",
  "json-schema-traverse",
  "lru-cache",
  "require-from-string",
];
/** Heap of the process's own JavaScript (messages, schemas); guests have their own. */
const OWN_HEAP_MIB = 256;
const OWN_YOUNG_HEAP_MIB = 16;

/** The command for a process; `entry` is its first module. */
export function childCommand(
  { addonPath }: IsolatedVmPackage,
  fallback: LaunchFallback,
  entry = join(import.meta.dirname, `child${extname(import.meta.filename)}`),
): Promise<LaunchCommand> {
  const sources = dirname(dirname(import.meta.dirname));
  const root = dirname(sources);
  const setup: OwnSetup = { addonPath, memoryBytes: LIMITS.memoryBytes };
  const program = {
    entry,
    cwd: import.meta.dirname,
    flags: [
      "--no-node-snapshot",
      `--max-old-space-size=${OWN_HEAP_MIB}`,
      `--max-semi-space-size=${OWN_YOUNG_HEAP_MIB}`,
    ],
    loadsAddons: true,
    readable(more: readonly string[]) {
      const packages = packageFolders(root, PACKAGES);
      if (more.includes("koffi")) packages.push(...koffiFolders(root));
      // Folders before what is in them: Node forgets a folder that is named after its contents.
      const files = [join(root, "package.json"), addonPath, STATUS_FILE];
      return [...new Set([sources, ...files, ...packages])].toSorted();
    },
    setup,
  };
  return launchHardened(program, fallback);
}

/** Every place where Node looks for these packages, up to the one where it finds them. */
function packageFolders(root: string, names: readonly string[]): string[] {
  const folders: string[] = [];
  for (const name of names) {
    for (let folder = root; ; folder = dirname(folder)) {
      const place = join(folder, "node_modules", name);
      folders.push(place);
      if (existsSync(place)) {
        folders.push(realpathSync(place), ...linkedFolder(dirname(place)));
        break;
      }
      if (dirname(folder) === folder) break;
    }
  }
  return folders;
}

/** Its native part is a package of its own. */
function koffiFolders(root: string): readonly string[] {
  const found = realpathSync(createRequire(import.meta.url).resolve("koffi"));
  const native = `@koromix/koffi-${process.platform}-${process.arch}`;
  return [...packageFolders(root, ["koffi"]), ...packageFolders(dirname(found), [native])];
}

/** Where `node_modules` itself is a link, Node has to follow it. */
function linkedFolder(folder: string): readonly string[] {
  return lstatSync(folder).isSymbolicLink() ? [folder] : [];
}
