/**
 * Packages that are no dependencies, from the folder named by REPERTOIRE_BENCH_MODULES: a folder
 * `node_modules` into which they were installed.
 */
import { registerHooks } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { REPERTOIRE_BENCH_MODULES: folder } = process.env;

/** The folder of modules; `undefined` when none is named. */
export const MODULES: string | undefined = folder === undefined ? undefined : resolve(folder);

if (MODULES !== undefined) {
  const parentURL = pathToFileURL(join(MODULES, "../importer.js")).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, context.parentURL === import.meta.url ? { ...context, parentURL } : context),
  });
}

/** Imports a package from the folder of modules. */
export async function importForeign(specifier: string): Promise<Record<string, unknown>> {
  if (MODULES === undefined) throw new Error("REPERTOIRE_BENCH_MODULES names no folder");
  return (await import(specifier)) as Record<string, unknown>;
}
