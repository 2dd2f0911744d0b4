import { openLibrary } from "./open-library.ts";
import type { SkillLibrary } from "./skill-library.ts";

let shared: Promise<SkillLibrary> | undefined;

/**
 * The library of this process, opened once from the environment: `REPERTOIRE_LIBRARY` names its
 * directory (default: the user's data directory). After it was closed, the next call opens it anew.
 */
export async function getSkillLibrary(): Promise<SkillLibrary> {
  shared ??= openLibrary().catch((error: unknown) => {
    shared = undefined;
    throw error;
  });
  const current = shared;
  const library = await current;
  if (!library.isClosed) return library;
  if (shared === current) shared = undefined;
  return getSkillLibrary();
}
