/** Files that a sandbox process has to read while it starts. */
import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

/** Packages the engine is made of; what they need in turn lies beside them. */
const PACKAGES = ["quickjs-wasi/quickjs.wasm", "ajv/dist/2020.js", "lru-cache"];

/** This package's own code, the folders its packages are in, and those of `more`. */
export function readablePaths(more: readonly string[]): readonly string[] {
  const code = resolve(import.meta.dirname, "../..");
  const paths = new Set([code, join(dirname(code), "package.json")]);
  const require = createRequire(import.meta.url);
  for (const at of require.resolve.paths("any") ?? []) addExisting(paths, at);
  for (const name of [...PACKAGES, ...more])
    addExisting(paths, packagesFolder(require.resolve(name)));
  return [...paths];
}

/** The innermost `node_modules` around a file, which may be a store that others link to. */
function packagesFolder(file: string): string {
  for (let at = dirname(file); at !== dirname(at); at = dirname(at)) {
    if (at.endsWith("node_modules")) return at;
  }
  return dirname(file);
}

function addExisting(paths: Set<string>, path: string): void {
  if (!existsSync(path)) return;
  paths.add(path);
  paths.add(realpathSync(path));
}
