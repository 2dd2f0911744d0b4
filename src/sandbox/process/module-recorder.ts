/**
 * Keeps the sources of what this thread loads, so that threads can be started from them later, when
 * this process may not read a file any more.
 */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

export interface RecordedModule {
  readonly format: string | undefined;
  readonly source: string;
}

export interface RecordedModules {
  /** By URL. */
  readonly sources: Map<string, RecordedModule>;
  /** URL of what a module meant, by the module's URL, a space, and what it wrote. */
  readonly resolved: Map<string, string>;
}

/** Records from now on. Modules that are loaded already are not in it. */
export function recordModules(): RecordedModules {
  const recorded: RecordedModules = { sources: new Map(), resolved: new Map() };
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const found = nextResolve(specifier, context);
      if (found.url.startsWith("file:")) {
        recorded.resolved.set(`${context.parentURL ?? ""} ${specifier}`, found.url);
      }
      return found;
    },
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url.startsWith("file:")) {
        // CommonJS may be left to a loader that reads the file itself.
        const source = loaded.source ?? readFileSync(fileURLToPath(url));
        recorded.sources.set(url, { format: loaded.format ?? undefined, source: textOf(source) });
      }
      return loaded;
    },
  });
  return recorded;
}

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray): string {
  if (typeof source === "string") return source;
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  return new TextDecoder().decode(bytes);
}
