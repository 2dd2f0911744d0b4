/** Archives of a few plain files, as `tar` (POSIX ustar) reads and writes them. */
import { createReadStream, createWriteStream, statSync } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { RepertoireError } from "../../../base/errors.ts";

const BLOCK = 512;
const NAME_BYTES = 100;
const SIZE_AT = 124;
const SIZE_BYTES = 12;
const SUM_AT = 148;
const SUM_BYTES = 8;
const TYPE_AT = 156;
const MAGIC_AT = 257;
/** What eleven octal digits can not say is written in base 256, as GNU tar does. */
const LARGEST_OCTAL = 8 ** 11 - 1;

export function isArchiveName(path: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/i.test(path);
}

function isCompressed(path: string): boolean {
  return /gz$/i.test(path);
}

/** Writes files of a directory into a new archive, compressed when `name` says so. */
export async function packFiles(given: {
  readonly directory: string;
  readonly names: readonly string[];
  readonly archive: string;
  /** The final name of the archive, which tells whether it is compressed. */
  readonly name: string;
  readonly signal: AbortSignal | undefined;
}): Promise<void> {
  const { directory, names, archive, name, signal } = given;
  const source = Readable.from(entries(directory, names));
  const target = createWriteStream(archive, { flags: "wx", mode: 0o600 });
  const options = signal === undefined ? {} : { signal };
  if (isCompressed(name)) await pipeline(source, createGzip(), target, options);
  else await pipeline(source, target, options);
}

async function* entries(directory: string, names: readonly string[]): AsyncGenerator<Buffer> {
  for (const name of names) {
    const path = join(directory, name);
    const { size } = statSync(path);
    yield header(name, size);
    for await (const chunk of createReadStream(path)) yield chunk as Buffer;
    yield Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
  }
  yield Buffer.alloc(2 * BLOCK);
}

function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, NAME_BYTES);
  for (const [at, value] of [
    [100, "0000600"],
    [108, "0000000"],
    [116, "0000000"],
    [136, "00000000000"],
    [MAGIC_AT, "ustar\u000000"],
  ] as const)
    block.write(value, at, "latin1");
  if (size <= LARGEST_OCTAL) block.write(size.toString(8).padStart(11, "0"), SIZE_AT, "latin1");
  else {
    block[SIZE_AT] = 0x80;
    block.writeBigUInt64BE(BigInt(size), SIZE_AT + SIZE_BYTES - 8);
  }
  block.write("0", TYPE_AT, "latin1");
  block.write(`${checksum(block).toString(8).padStart(6, "0")}\0 `, SUM_AT, "latin1");
  return block;
}

function checksum(block: Buffer): number {
  let sum = 0;
  for (const [at, byte] of block.entries())
    sum += at >= SUM_AT && at < SUM_AT + SUM_BYTES ? 0x20 : byte;
  return sum;
}

/**
 * Writes those files of an archive whose names are expected into a directory, and no others.
 *
 * @returns the names found
 * @throws {STORE_CORRUPT} when it is no archive, or ends too soon
 */
export async function unpackFiles(given: {
  readonly archive: string;
  readonly expected: readonly string[];
  readonly directory: string;
  readonly signal: AbortSignal | undefined;
}): Promise<readonly string[]> {
  const { archive, expected, directory, signal } = given;
  const found: string[] = [];
  let pending: Buffer = Buffer.alloc(0);
  let file: FileHandle | undefined;
  let left = 0;
  let padding = 0;
  let isOver = false;

  async function take(chunk: Buffer): Promise<void> {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      if (left > 0) {
        const part = pending.subarray(0, left);
        if (part.length === 0) return;
        await file?.write(part);
        left -= part.length;
        pending = pending.subarray(part.length);
        if (left > 0) return;
        await file?.close();
        file = undefined;
      }
      if (pending.length < padding) return;
      pending = pending.subarray(padding);
      padding = 0;
      if (isOver || pending.length < BLOCK) return;
      const block = pending.subarray(0, BLOCK);
      pending = pending.subarray(BLOCK);
      if (block.every((byte) => byte === 0)) isOver = true;
      else await begin(block);
    }
  }

  async function begin(block: Buffer): Promise<void> {
    const sum = Number.parseInt(block.toString("latin1", SUM_AT, SUM_AT + SUM_BYTES), 8);
    if (sum !== checksum(block)) throw corrupt(archive, "it is no archive, or it is damaged");
    const name = block.toString("utf8", 0, NAME_BYTES).replace(/\0.*$/s, "").replace(/^\.\//, "");
    left =
      block[SIZE_AT] === 0x80
        ? Number(block.readBigUInt64BE(SIZE_AT + SIZE_BYTES - 8))
        : Number.parseInt(block.toString("latin1", SIZE_AT, SIZE_AT + SIZE_BYTES), 8);
    padding = (BLOCK - (left % BLOCK)) % BLOCK;
    const isFile = block[TYPE_AT] === 0x30 || block[TYPE_AT] === 0;
    if (!isFile || !expected.includes(name) || found.includes(name)) return;
    found.push(name);
    file = await open(join(directory, name), "wx", 0o600);
    if (left > 0) return;
    await file.close();
    file = undefined;
  }

  const source = createReadStream(archive);
  const options = signal === undefined ? {} : { signal };
  const sink = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) await take(chunk);
  };
  try {
    if (isCompressed(archive)) await pipeline(source, createGunzip(), sink, options);
    else await pipeline(source, sink, options);
  } catch (error) {
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_"))
      throw corrupt(archive, `it can not be decompressed (${error.message})`);
    throw error;
  } finally {
    await file?.close();
  }
  if (left > 0) throw corrupt(archive, "it ends too soon");
  return found;
}

function corrupt(path: string, problem: string): RepertoireError {
  return new RepertoireError(
    "STORE_CORRUPT",
    `Cannot read the backup ${path}: ${problem}; use another backup`,
    { details: { path } },
  );
}
