/** Whether a library can be where it is said to be. */
import { access, constants, stat, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fail, ok, warn } from "./doctor-check.ts";
import type { DoctorCheck } from "./doctor-check.ts";

/** Types of file systems that are shared over a network (`statfs`, linux/magic.h). */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x01021997, "9P"],
  [0x5346414f, "AFS"],
  [0x00c36400, "Ceph"],
  [0x65735546, "FUSE"],
]);
export async function checkPath(path: string): Promise<DoctorCheck> {
  const directory = resolve(path);
  const existing = await nearestExisting(directory);
  const found = await stat(existing);
  if (!found.isDirectory())
    return fail("path", `${existing} is a file`, "name a directory with --library");
  try {
    await access(existing, constants.W_OK | constants.X_OK);
  } catch {
    // Why does not matter: whatever stands in the way, nothing can be written.
    return fail(
      "path",
      `${existing} can not be written to`,
      "change its permissions, or name another directory with --library",
    );
  }
  const { type } = await statfs(existing);
  const network = NETWORK_FILE_SYSTEMS.get(type);
  return network === undefined
    ? ok("path", directory)
    : warn(
        "path",
        `${directory} is on a network file system (${network})`,
        "keep the library on a local disk: SQLite's locks are not reliable over a network",
      );
}

/** The path, or the nearest directory above it that exists. */
export async function nearestExisting(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found !== undefined || at === dirname(at)) return at;
  }
}
