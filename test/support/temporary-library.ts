import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LibraryOptions } from "../../src/library/options.ts";
import { openLibrary } from "../../src/library/open-library.ts";
import type { SkillLibrary } from "../../src/library/skill-library.ts";

export interface TemporaryLibrary {
  readonly library: SkillLibrary;
  /** Its directory. */
  readonly path: string;
  /** Closes the library, if it is still open, and removes its directory. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens a library in a directory of its own; one sandbox worker, unless the options say otherwise. */
export async function temporaryLibrary(
  options: Omit<LibraryOptions, "path"> = {},
): Promise<TemporaryLibrary> {
  const path = mkdtempSync(join(tmpdir(), "repertoire-"));
  const library = await openLibrary({ sandbox: { workers: 1 }, ...options, path });
  return {
    library,
    path,
    async [Symbol.asyncDispose]() {
      try {
        await library.close();
      } finally {
        rmSync(path, { recursive: true, force: true });
      }
    },
  };
}
