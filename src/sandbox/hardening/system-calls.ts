/**
 * System calls from JavaScript, through whichever foreign function interface is there: the optional
 * package koffi, or `node:ffi` of newer versions of Node.
 */
import { createRequire } from "node:module";
import { systemCallNumber } from "./system-call-numbers.ts";
import type { Architecture, SystemCallName } from "./system-call-numbers.ts";

/** A whole number, the address of bytes that stay where they are, or bytes to pass by address. */
export type SystemCallArgument = number | bigint | Uint8Array;

export interface SystemCalls {
  readonly architecture: Architecture;
  /** Makes a call; a failure is its negated error number, as the kernel itself gives it. */
  call(name: SystemCallName, ...values: readonly SystemCallArgument[]): number;
  addressOf(bytes: Uint8Array): bigint;
}

/** Calls `syscall(2)` with a number and up to five arguments. */
interface RawCalls {
  readonly call: (values: readonly bigint[]) => number;
  readonly errno: () => number;
  readonly addressOf: (bytes: Uint8Array) => bigint;
}

export type ForeignInterface = "koffi" | "node:ffi";

const ENOSYS = 38;
const MAX_VALUES = 5;

/** Bytes outside the heap of the engine, so that their address stays what it is. */
export function nativeBytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(length));
}

export function nativeText(text: string): Uint8Array {
  const bytes = nativeBytes(Buffer.byteLength(text) + 1);
  bytes.set(Buffer.from(text));
  return bytes;
}

/** @throws when the interface can not be loaded, or the machine is none it is known for */
export function loadSystemCalls(from: ForeignInterface): SystemCalls {
  const { arch, platform } = process;
  if (platform !== "linux" || (arch !== "x64" && arch !== "arm64")) {
    throw new Error(`there is none for ${platform} on ${arch}`);
  }
  const raw = from === "koffi" ? koffiCalls() : nodeCalls();
  return {
    architecture: arch,
    call(name, ...values) {
      const number = systemCallNumber(name, arch);
      if (number === undefined) return -ENOSYS;
      const words = values.map((value) =>
        typeof value === "object" ? raw.addressOf(value) : BigInt.asIntN(64, BigInt(value)),
      );
      while (words.length < MAX_VALUES) words.push(0n);
      const result = raw.call([BigInt(number), ...words]);
      return result === -1 ? -raw.errno() : result;
    },
    addressOf: raw.addressOf,
  };
}

interface Koffi {
  readonly load: (path: null) => {
    readonly func: (signature: string) => (...values: readonly bigint[]) => number | bigint;
  };
  readonly errno: () => number;
  readonly address: (bytes: Uint8Array) => bigint;
}

function koffiCalls(): RawCalls {
  const koffi = createRequire(import.meta.url)("koffi") as Koffi;
  const words = Array(MAX_VALUES).fill("int64_t").join(", ");
  const syscall = koffi.load(null).func(`int64_t syscall(int64_t, ${words})`);
  return {
    call: (values) => Number(syscall(...values)),
    errno: () => koffi.errno(),
    addressOf: (bytes) => koffi.address(bytes),
  };
}

interface NodeFfi {
  readonly dlopen: (
    path: null,
    definitions: Readonly<Record<string, object>>,
  ) => {
    readonly functions: Readonly<Record<string, (...values: readonly bigint[]) => bigint>>;
  };
  readonly getRawPointer: (bytes: Uint8Array) => bigint;
  readonly getInt32: (address: bigint, offset: number) => number;
}

function nodeCalls(): RawCalls {
  const ffi = createRequire(import.meta.url)("node:ffi") as NodeFfi;
  const { functions } = ffi.dlopen(null, {
    syscall: { return: "int64", arguments: Array(MAX_VALUES + 1).fill("int64") },
    [ERRNO_ADDRESS]: { return: "pointer", arguments: [] },
  });
  const syscall = functions["syscall"] as (...values: readonly bigint[]) => bigint;
  const errnoAddress = functions[ERRNO_ADDRESS] as () => bigint;
  return {
    call: (values) => Number(syscall(...values)),
    errno: () => ffi.getInt32(errnoAddress(), 0),
    addressOf: (bytes) => ffi.getRawPointer(bytes),
  };
}

/** Where glibc and musl keep `errno`. */
const ERRNO_ADDRESS = "__errno_location";
