/**
 * A file of named blocks of bytes with a checksum each, read whole or not at all.
 *
 * Begins with 16 bytes (magic, length of the header, its CRC-32), then the header as JSON, then the
 * blocks. It is written beside its place and renamed into it, so readers see a whole file, old or new.
 */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";

const MAGIC = Buffer.from("RSpack1\n");
const PREAMBLE_BYTES = 16;
const MAX_HEADER_BYTES = 4 * 1024 * 1024;
/** One that was not renamed for so long was left behind by a process that died. */
const LEFT_BEHIND_MS = 60 * 60_000;

export interface PackedBlock {
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Entry {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  readonly crc: number;
}

interface Header<About> {
  readonly about: About;
  readonly size: number;
  readonly blocks: readonly Entry[];
}

export interface PackReader<About> {
  /** What the writer said of it. */
  readonly about: About;
  readonly blocks: readonly Pick<Entry, "name" | "bytes">[];
  /** Reads a block into `target`; false when it is not what was written. */
  read(name: string, target: Uint8Array): boolean;
  close(): void;
}

/** @throws the file system's error, having removed what it has written */
export function writePackFile(path: string, about: unknown, blocks: readonly PackedBlock[]): void {
  removeLeftBehind(path);
  const entries: Entry[] = [];
  let offset = 0;
  for (const { name, bytes } of blocks) {
    entries.push({ name, offset, bytes: bytes.length, crc: crc32(bytes) });
    offset += bytes.length;
  }
  const header = Buffer.from(JSON.stringify({ about, size: offset, blocks: entries }));
  const preamble = Buffer.alloc(PREAMBLE_BYTES);
  MAGIC.copy(preamble);
  preamble.writeUInt32LE(header.length, 8);
  preamble.writeUInt32LE(crc32(header), 12);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      for (const bytes of [preamble, header, ...blocks.map((block) => block.bytes)])
        writeAll(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** @returns nothing when there is no file, `"damaged"` when there is one that can not be used */
export function openPackFile<About>(path: string): PackReader<About> | "damaged" | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? undefined : "damaged";
  }
  const header = readHeader<About>(file);
  if (header === undefined) {
    closeSync(file);
    return "damaged";
  }
  const { start } = header;
  return {
    about: header.about,
    blocks: header.blocks,
    read(name, target) {
      const entry = header.blocks.find((block) => block.name === name);
      return (
        entry?.bytes === target.length &&
        readAll(file, target, start + entry.offset) &&
        crc32(target) === entry.crc
      );
    },
    close: () => closeSync(file),
  };
}

function readHeader<About>(file: number): (Header<About> & { readonly start: number }) | undefined {
  const preamble = Buffer.alloc(PREAMBLE_BYTES);
  if (!readAll(file, preamble, 0) || !preamble.subarray(0, MAGIC.length).equals(MAGIC))
    return undefined;
  const length = preamble.readUInt32LE(8);
  if (length > MAX_HEADER_BYTES) return undefined;
  const text = Buffer.alloc(length);
  if (!readAll(file, text, PREAMBLE_BYTES) || crc32(text) !== preamble.readUInt32LE(12))
    return undefined;
  const header = JSON.parse(text.toString()) as Header<About>;
  const start = PREAMBLE_BYTES + length;
  return fstatSync(file).size === start + header.size ? { ...header, start } : undefined;
}

function readAll(file: number, target: Uint8Array, position: number): boolean {
  for (let done = 0; done < target.length;) {
    const read = readSync(file, target, done, target.length - done, position + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
}

function removeLeftBehind(path: string): void {
  const prefix = `${basename(path)}.`;
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(prefix) || !name.endsWith(".tmp")) continue;
    const left = join(dirname(path), name);
    const modifiedMs = statSync(left, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - modifiedMs > LEFT_BEHIND_MS) rmSync(left, { force: true });
  }
}
