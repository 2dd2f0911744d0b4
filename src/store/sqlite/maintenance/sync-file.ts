import { open } from "node:fs/promises";

/** Puts what was written to a file safely on the disk. Not for one that SQLite has open: see file-check.ts. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The same for the names in a directory, where the system can. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform !== "win32") await syncFile(path);
}
