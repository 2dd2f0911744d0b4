/**
 * Restores a backup and kills itself before the step that its last argument counts, of those that
 * change the names of files. Its arguments are the backup, the library's directory, and that number.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { restoreLibrary } from "../../src/store/sqlite/maintenance/restore-library.ts";

const [backup = "", path = "", last] = process.argv.slice(2);
let steps = 0;

function killedBefore<Given extends readonly unknown[]>(step: (...given: Given) => void) {
  return (...given: Given): void => {
    if (++steps === Number(last)) process.kill(process.pid, "SIGKILL");
    step(...given);
  };
}

for (const name of ["renameSync", "linkSync", "unlinkSync", "rmSync"] as const)
  Object.assign(fs, { [name]: killedBefore(fs[name] as (...given: readonly unknown[]) => void) });
syncBuiltinESMExports();
await restoreLibrary(backup, { path, force: true });
