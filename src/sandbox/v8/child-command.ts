/** How a V8 process is started: what it may read, how much it may hold, and nothing else. */
import { existsSync, lstatSync, realpathSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { LIMITS } from "../../base/limits.ts";
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

export interface ChildCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

export function childCommand({ addonPath }: IsolatedVmPackage): ChildCommand {
  const entry = fileURLToPath(new URL(`./child${extname(import.meta.filename)}`, import.meta.url));
  const sources = dirname(dirname(dirname(entry)));
  const root = dirname(sources);
  const readable = [sources, join(root, "package.json"), addonPath, ...packageFolders(root)];
  return {
    file: process.execPath,
    args: [
      "--permission",
      // Folders before what is in them: Node forgets a folder that is named after its contents.
      ...[...new Set(readable)].toSorted().map((path) => `--allow-fs-read=${path}`),
      "--allow-addons",
      "--no-warnings",
      "--no-node-snapshot",
      `--max-old-space-size=${OWN_HEAP_MIB}`,
      `--max-semi-space-size=${OWN_YOUNG_HEAP_MIB}`,
      "--disable-proto=delete",
      entry,
      addonPath,
      String(LIMITS.memoryBytes),
    ],
    cwd: dirname(entry),
  };
}

/** Every place where Node looks for these packages, up to the one where it finds them. */
function packageFolders(root: string): readonly string[] {
  const folders: string[] = [];
  for (const name of PACKAGES) {
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

/** Where `node_modules` itself is a link, Node has to follow it. */
function linkedFolder(folder: string): readonly string[] {
  return lstatSync(folder).isSymbolicLink() ? [folder] : [];
}
