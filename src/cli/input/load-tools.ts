import { Console } from "node:console";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { RepertoireError } from "../../base/errors.ts";
import type { LibraryOptions } from "../../index.ts";

type Tools = NonNullable<LibraryOptions["tools"]>;

/**
 * The tools of an ES module: the members of its default export, whose names may have dots, and its
 * named functions. A tool is a function, or an object whose function is `execute`.
 *
 * @throws {INVALID_INPUT} when it can not be loaded or has no tools
 */
export async function loadTools(path: string): Promise<Tools> {
  // What a tool prints is no result: stdout is for those.
  globalThis.console = new Console(process.stderr, process.stderr);
  const tools = new Map<string, Tools[string]>();
  const { default: object, ...named } = await importModule(path);
  for (const [name, value] of Object.entries(object ?? {})) {
    if (!isTool(value)) throw invalid(path, `its default export has "${name}", which is no tool`);
    tools.set(name, value);
  }
  // Other exports, such as constants, are the module's own business.
  for (const [name, value] of Object.entries(named)) if (isTool(value)) tools.set(name, value);
  if (tools.size === 0)
    throw invalid(path, "it exports no functions, and no objects with `execute`");
  return Object.fromEntries(tools);
}

function isTool(value: unknown): value is Tools[string] {
  if (typeof value === "function") return true;
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as { execute?: unknown }).execute === "function"
  );
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
