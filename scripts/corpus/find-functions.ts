import { globSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** Root folder of the installed es-toolkit, with a trailing slash. */
export const PACKAGE_ROOT: string = fileURLToPath(
  new URL("../../node_modules/es-toolkit/", import.meta.url),
);

/** One function of the package. */
export interface LibraryFunction {
  /** Folder and name, such as `compat/array/chunk`. */
  readonly path: string;
  readonly name: string;
  /** Folder without `compat/`, such as `array`. */
  readonly folder: string;
  /** Whether it belongs to the lodash-compatible half. */
  readonly compat: boolean;
  /** Its module, relative to the package, such as `dist/array/chunk.mjs`. */
  readonly source: string;
  /** Text of its declaration file. */
  readonly declarations: string;
}

/** Files that hold no function of the public surface under their own name. */
const IGNORED = /(^|\/)(_internal|types|index\.d\.mts|hash)(\/|$)/;

/** Folders whose ids go first when two functions share a name. */
const FIRST = ["array", "object", "string", "math", "function", "predicate", "util"];

export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(`${PACKAGE_ROOT}package.json`, "utf8")) as {
    readonly version: string;
  };
  return manifest.version;
}

/** Every function with a declaration file of its own: the native half first, then `compat`. */
export function findFunctions(): LibraryFunction[] {
  const files = globSync("**/*.d.mts", { cwd: `${PACKAGE_ROOT}dist` });
  return files
    .filter((file) => !IGNORED.test(file))
    .map(toFunction)
    .filter(({ declarations, name }) =>
      new RegExp(`declare (async )?function ${name.replace("$", "\\$")}\\b`).test(declarations),
    )
    .sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
}

function toFunction(file: string): LibraryFunction {
  const path = file.replace(/\.d\.mts$/, "");
  const compat = path.startsWith("compat/");
  return {
    path,
    name: basename(path),
    folder: dirname(path).replace(/^compat\/?/, ""),
    compat,
    source: `dist/${path}.mjs`,
    declarations: readFileSync(`${PACKAGE_ROOT}dist/${file}`, "utf8"),
  };
}

function rank({ compat, folder }: LibraryFunction): number {
  const place = FIRST.indexOf(folder);
  return (compat ? 100 : 0) + (place === -1 ? FIRST.length : place);
}
