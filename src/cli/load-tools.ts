import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { RepertoireError } from "../base/errors.ts";
import type { Tool } from "../index.ts";

/**
 * The tools of an ES module: the members of its default export, whose names may have dots, and its
 * named functions.
 *
 * @throws {INVALID_INPUT} when it can not be loaded or has no tools
 */
export async function loadTools(path: string): Promise<Readonly<Record<string, Tool>>> {
  const tools = new Map<string, Tool>();
  const { default: object, ...named } = await importModule(path);
  for (const [name, value] of Object.entries(object ?? {})) {
    if (typeof value !== "function")
      throw invalid(path, `its default export has "${name}", which is not a function`);
    tools.set(name, value as Tool);
  }
  // Other exports, such as constants, are the module's own business.
  for (const [name, value] of Object.entries(named))
    if (typeof value === "function") tools.set(name, value as Tool);
  if (tools.size === 0) throw invalid(path, "it exports no functions");
  return Object.fromEntries(tools);
}

async function importModule(path: string): Promise<Record<string, unknown> & { default?: object }> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (error) {
    throw invalid(path, error instanceof Error ? error.message : String(error), error);
  }
}

function invalid(path: string, why: string, cause?: unknown): RepertoireError {
  return new RepertoireError("INVALID_INPUT", `Tools can not be taken from ${path}: ${why}`, {
    cause,
    details: { file: path },
  });
}
