/** A database made one plain file, safely on the disk, with the digest that tells it unchanged. */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { sqliteError } from "../sqlite-error.ts";

const READ_BYTES = 1024 * 1024;

export interface Sealed {
  readonly bytes: number;
  readonly sha256: string;
}

/** Folds the log of a database that nobody else uses into its file. On a thread of its own. */
export function sealFile({ path }: { readonly path: string }): Sealed {
  try {
    const database = new DatabaseSync(path);
    try {
      database.exec("PRAGMA journal_mode = DELETE");
    } finally {
      database.close();
    }
  } catch (error) {
    throw sqliteError(error, { path, ifDamaged: undefined });
  }
  return digestFile({ path });
}

/** Reads a whole file that nobody else uses. On a thread of its own. */
export function digestFile({ path }: { readonly path: string }): Sealed {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
    const digest = createHash("sha256");
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let bytes = 0;
    for (;;) {
      const read = readSync(file, buffer, 0, READ_BYTES, bytes);
      if (read === 0) return { bytes, sha256: digest.digest("hex") };
      digest.update(buffer.subarray(0, read));
      bytes += read;
    }
  } finally {
    closeSync(file);
  }
}
