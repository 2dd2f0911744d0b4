/** Puts a whole library under stress: the argument is its directory. */
import { openLibrary } from "../../src/library/open-library.ts";
import type { OpenSubject } from "../../src/testing/stress/stress-process.ts";
import { librarySubject } from "../../src/testing/stress/stress-subject.ts";

export const openSubject: OpenSubject = async (path, recorder) =>
  librarySubject(await openLibrary({ path, sandbox: { workers: 1 } }), recorder);
