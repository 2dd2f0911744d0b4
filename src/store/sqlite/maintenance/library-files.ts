/** The files of an embedded library: see the socket. */
import type { LibraryFiles } from "../../library-files.ts";
import { backupLibrary } from "./backup-library.ts";
import { checkFiles, repairFiles } from "./check-files.ts";
import type { FilePaths } from "./check-files.ts";

export function sqliteLibraryFiles(paths: FilePaths): LibraryFiles {
  return {
    check: (signal) => checkFiles(paths, signal),
    repair: (signal) => repairFiles(paths, signal),
    backup: (path, options) => backupLibrary(paths, path, options),
  };
}
