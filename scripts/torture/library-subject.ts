/** Puts a whole library under stress: the argument is its directory. */
import { setTimeout as wait } from "node:timers/promises";
import { RepertoireError } from "../../src/base/errors.ts";
import { openLibrary } from "../../src/library/open-library.ts";
import type { SkillLibrary } from "../../src/library/skill-library.ts";
import type { OpenSubject } from "../../src/testing/stress/stress-process.ts";
import { librarySubject } from "../../src/testing/stress/stress-subject.ts";

/** Longer than a disk is full at a time. */
const PATIENT_MS = 20_000;

export const openSubject: OpenSubject = async (path, recorder) => {
  const subject = librarySubject(await openPatiently(path), recorder);
  const close = async (): Promise<void> => {
    try {
      await subject.close();
    } catch (error) {
      // It says that the last runs found no room on a full disk; skills are not concerned.
      if (!isOutOfReach(error)) throw error;
    }
  };
  return { ...subject, close };
};

/** A full disk can not be opened on; whoever starts at such a time tries again. */
async function openPatiently(path: string): Promise<SkillLibrary> {
  const endMs = performance.now() + PATIENT_MS;
  for (;;) {
    try {
      return await openLibrary({ path, sandbox: { workers: 1 } });
    } catch (error) {
      if (!isOutOfReach(error) || performance.now() > endMs) throw error;
    }
    await wait(200);
  }
}

function isOutOfReach(error: unknown): boolean {
  return error instanceof RepertoireError && error.code === "STORE_UNAVAILABLE";
}
