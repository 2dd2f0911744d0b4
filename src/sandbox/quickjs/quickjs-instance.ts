/**
 * One QuickJS-ng engine: a WebAssembly instance whose linear memory is the whole guest world.
 *
 * The glue is written against the exports of the pinned binary alone and moves nothing but numbers
 * and UTF-8 text. It never reads a property of a guest value and never builds a guest error from a
 * host one, so no guest code runs and no host path leaks at this boundary.
 *
 * A reset makes the memory equal to the snapshot (`pristine-memory.ts`); pointers taken before the
 * snapshot stay valid. After a trap, or when the memory grew (it can not shrink), the instance must be replaced.
 */
import { utf8Bytes } from "../../base/json.ts";
import { MAX_NAME_LENGTH, REFUSED } from "../run/guest-limits.ts";
import { GUEST_PRELUDE, PRELUDE_FILE } from "../guest/guest-prelude.ts";
import { readUtf8, writeUtf8 } from "./guest-text.ts";
import { restoreMemory, usedRanges, viewMemory } from "./pristine-memory.ts";
import type { MemoryViews, Range } from "./pristine-memory.ts";
import type { Box, Exports } from "./quickjs-exports.ts";
import { createRejections } from "./rejections.ts";
import type { Rejections } from "./rejections.ts";
import { Instance } from "./web-assembly.ts";
import type { WasmModule } from "./web-assembly.ts";

/** What a guest can make its worker do; every method is called while guest code is on the stack. */
export interface QuickJsHost {
  /** Whether the guest must stop now. */
  interrupt(): boolean;
  /** What the guest's clocks read, in milliseconds since the epoch. */
  nowMs(): number;
  /** Longest text an operation may carry, in bytes; a longer one arrives as `undefined`. */
  maxTextBytes(): number;
  /** Handles one operation of the prelude. Must not throw. */
  operate(operation: number, name: string | undefined, text: string | undefined): number;
}

/** The functions of the prelude that the worker calls. */
export type PreludeFunction =
  | "begin"
  | "invoke"
  | "adopt"
  | "settle"
  | "encode"
  | "report"
  | "droppedLogLines";

const MODULE = 1;
const COMPILE_ONLY = 32;
/** Every intrinsic but `performance`, which the prelude defines on the virtual clock. */
const INTRINSICS = 0xffff_ffff & ~1024;
/** Largest guest stack that leaves room for native frames on the binary's 1 MiB stack. */
const MAX_STACK_BYTES = 512 * 1024;
/** The engine takes its limit as a signed 32-bit number. */
const MAX_HEAP_BYTES = 2 ** 31 - 1;
/** Free heap inside the snapshot, so that ordinary runs do not grow the memory. */
const SPARE_HEAP_BYTES = 512 * 1024;
/** For the addresses of arguments, and lengths of texts. */
const SCRATCH_BYTES = 64;
/** A name in UTF-8 has at most three bytes for each of its UTF-16 units. */
const MAX_NAME_BYTES = 3 * MAX_NAME_LENGTH;
const PRELUDE_FUNCTIONS: readonly PreludeFunction[] = [
  "begin",
  "invoke",
  "adopt",
  "settle",
  "encode",
  "report",
  "droppedLogLines",
];

/** The state every run starts from. */
export interface Snapshot {
  readonly memory: Uint8Array;
  /** Where it is not zero, in order; most of it is unused stack and free heap. */
  readonly used: readonly Range[];
  readonly stackPointer: number;
  readonly functions: Readonly<Record<PreludeFunction, Box>>;
  readonly undefinedBox: Box;
  /** Room of {@link SCRATCH_BYTES} bytes that no run is given. */
  readonly scratch: number;
  /** Heap in use at the snapshot, in bytes. */
  readonly heapBytes: number;
}

/** The guest ran out of memory while the worker needed some of it. */
export class GuestMemoryError extends Error {}

export class QuickJsInstance {
  readonly #exports: Exports;
  readonly #rejections: Rejections;
  #currentViews: MemoryViews | undefined;
  readonly snapshot: Snapshot;

  /** Without a snapshot the engine is initialised and its prelude evaluated, which takes about 10 ms. */
  constructor(module: WasmModule, host: QuickJsHost, snapshot?: Snapshot) {
    const instance = new Instance(module, this.#imports(host));
    this.#exports = instance.exports as Exports;
    this.#rejections = createRejections(this.#exports);
    if (snapshot === undefined) {
      this.snapshot = this.#initialise();
    } else {
      this.snapshot = snapshot;
      const missing = snapshot.memory.byteLength - this.#exports.memory.buffer.byteLength;
      if (missing > 0) this.#exports.memory.grow(missing / 65_536);
      this.reset();
    }
  }

  /** Makes the realm pristine again; only valid while {@link grownBytes} is 0. */
  reset(): void {
    const { memory, used } = this.snapshot;
    restoreMemory(this.#views, memory, used);
    this.#rejections.clear();
    this.#exports.__stack_pointer.value = this.snapshot.stackPointer;
  }

  /** Bytes by which the memory is larger than the snapshot. */
  get grownBytes(): number {
    return this.#exports.memory.buffer.byteLength - this.snapshot.memory.byteLength;
  }

  /** Sets what the guest may use beyond the snapshot. */
  limit(memoryBytes: number, stackBytes: number): void {
    const bytes = Math.min(this.snapshot.heapBytes + memoryBytes, MAX_HEAP_BYTES);
    this.#exports.qjs_set_memory_limit(bytes);
    this.#exports.qjs_set_max_stack_size(Math.min(stackBytes, MAX_STACK_BYTES));
  }

  /** Evaluates a module; the value is a promise of its namespace, or an exception. */
  evaluateModule(code: string, file: string): Box {
    return this.#evaluate(code, file, MODULE);
  }

  /** Compiles a module without running it; an exception when it can not be. */
  compileModule(code: string, file: string): Box {
    return this.#evaluate(code, file, MODULE | COMPILE_ONLY);
  }

  /** Calls a function of the prelude. Numbers and strings are copied in; a `{ box }` is passed on. */
  call(
    name: PreludeFunction,
    ...values: readonly (number | string | { readonly box: Box })[]
  ): Box {
    const e = this.#exports;
    const { functions, undefinedBox, scratch } = this.snapshot;
    const boxes: Box[] = [];
    for (const value of values) {
      const box = this.#toBox(value);
      if (e.qjs_is_exception(box) !== 0) return box;
      boxes.push(box);
    }
    const { data } = this.#views;
    for (let index = 0; index < boxes.length; index++) {
      data.setUint32(scratch + index * 4, boxes[index] as Box, true);
    }
    const result = e.qjs_call(functions[name], undefinedBox, boxes.length, scratch);
    for (let index = 0; index < boxes.length; index++) {
      if (typeof values[index] !== "object") e.qjs_free_value(boxes[index] as Box);
    }
    return result;
  }

  isException(box: Box): boolean {
    return this.#exports.qjs_is_exception(box) !== 0;
  }

  isPromise(box: Box): boolean {
    return this.#exports.qjs_is_promise(box) !== 0;
  }

  /** Takes the exception that the last failed operation left. */
  takeException(): Box {
    return this.#exports.qjs_get_exception();
  }

  promiseState(box: Box): "pending" | "fulfilled" | "rejected" {
    const state = this.#exports.qjs_promise_state(box);
    return state === 0 ? "pending" : state === 1 ? "fulfilled" : "rejected";
  }

  promiseResult(box: Box): Box {
    return this.#exports.qjs_promise_result(box);
  }

  /** The worker itself looks at how this promise ends. */
  markHandled(promise: Box): void {
    this.#exports.qjs_promise_mark_as_handled(promise);
  }

  /** Promises that were rejected while nothing handled that, and still are; and why the first were. */
  unhandledRejections(): { readonly count: number; readonly reasons: readonly Box[] } {
    const { count, first } = this.#rejections;
    return { count, reasons: [...first].map((promise) => this.promiseResult(promise)) };
  }

  /** Lines that were logged when the log was known to be full. */
  droppedLogLines(): number {
    const lines = this.call("droppedLogLines");
    return this.isException(lines) ? 0 : this.#exports.qjs_get_float64(lines);
  }

  free(box: Box): void {
    this.#exports.qjs_free_value(box);
  }

  hasJobs(): boolean {
    return this.#exports.qjs_is_job_pending() !== 0;
  }

  /** Runs one pending job. A job that throws has nobody to tell: its exception is dropped. */
  runJob(): void {
    if (this.#exports.qjs_execute_pending_job() < 0) this.free(this.takeException());
  }

  /**
   * The text of a guest string, or `undefined` for anything else, or when it has more than
   * `maxBytes` bytes; then it is not copied.
   */
  text(box: Box, maxBytes = Infinity): string | undefined {
    const e = this.#exports;
    if (e.qjs_is_string(box) === 0) return undefined;
    const { scratch } = this.snapshot;
    const at = e.qjs_get_string_len(box, scratch);
    if (at === 0) throw new GuestMemoryError("No memory is left to read a text");
    const { bytes, data } = this.#views;
    const length = data.getUint32(scratch, true);
    const text = length > maxBytes ? undefined : readUtf8(bytes, at, length);
    e.qjs_free_cstring(at);
    return text;
  }

  #initialise(): Snapshot {
    const e = this.#exports;
    e._initialize();
    if (e.qjs_init2(INTRINSICS) !== 0) throw new Error("The QuickJS engine did not initialise");
    e.qjs_set_interrupt_handler(1);
    e.qjs_set_promise_rejection_handler(1);
    const prelude = this.#evaluate(GUEST_PRELUDE, PRELUDE_FILE, 0);
    const name = this.#writeText("operate");
    const operate = e.qjs_new_host_function(name.at, name.length, 3);
    e.wasm_free(name.at);
    const undefinedBox = e.qjs_get_undefined();
    const scratch = this.#allocate(SCRATCH_BYTES);
    this.#views.data.setUint32(scratch, operate, true);
    const api = e.qjs_call(prelude, undefinedBox, 1, scratch);
    if (e.qjs_is_exception(prelude) !== 0 || e.qjs_is_exception(api) !== 0) {
      throw new Error("The QuickJS engine refused its prelude");
    }
    const functions = Object.fromEntries(
      PRELUDE_FUNCTIONS.map((key) => [key, this.#property(api, key)]),
    ) as Record<PreludeFunction, Box>;
    const heapBytes = this.#heapBytes();
    e.wasm_free(this.#allocate(SPARE_HEAP_BYTES));
    const memory = new Uint8Array(this.#views.bytes);
    const stackPointer = e.__stack_pointer.value as number;
    const used = usedRanges(memory);
    return { memory, used, stackPointer, functions, undefinedBox, scratch, heapBytes };
  }

  #property(object: Box, key: string): Box {
    const name = this.#writeText(key);
    const box = this.#exports.qjs_get_prop_string(object, name.at);
    this.#exports.wasm_free(name.at);
    return box;
  }

  #evaluate(code: string, file: string, flags: number): Box {
    const e = this.#exports;
    const text = this.#writeText(code);
    const name = this.#writeText(file);
    const box = e.qjs_eval(text.at, text.length, name.at, flags);
    e.wasm_free(text.at);
    e.wasm_free(name.at);
    return box;
  }

  #toBox(value: number | string | { readonly box: Box }): Box {
    if (typeof value === "number") return this.#exports.qjs_new_number(value);
    if (typeof value === "object") return value.box;
    const text = this.#writeText(value);
    const box = this.#exports.qjs_new_string(text.at, text.length);
    this.#exports.wasm_free(text.at);
    return box;
  }

  #heapBytes(): number {
    const at = this.#allocate(26 * 8);
    this.#exports.qjs_compute_memory_usage(at);
    const bytes = Number(this.#views.data.getBigInt64(at, true));
    this.#exports.wasm_free(at);
    return bytes;
  }

  /** The whole guest world as it is now. */
  get memory(): Uint8Array {
    return new Uint8Array(this.#exports.memory.buffer);
  }

  get #views(): MemoryViews {
    const { buffer } = this.#exports.memory;
    // It is another one after the memory grew.
    if (this.#currentViews?.buffer !== buffer) this.#currentViews = viewMemory(buffer);
    return this.#currentViews;
  }

  #allocate(bytes: number): number {
    const at = this.#exports.wasm_malloc(bytes);
    if (at === 0) throw new GuestMemoryError(`No memory is left for ${bytes} bytes`);
    return at;
  }

  #writeText(text: string): { readonly at: number; readonly length: number } {
    const length = utf8Bytes(text);
    const at = this.#allocate(length + 1);
    writeUtf8(this.#views.bytes, at, text, length);
    return { at, length };
  }

  #imports(host: QuickJsHost): ConstructorParameters<typeof Instance>[1] {
    const view = (): DataView => this.#views.data;
    const BAD_DESCRIPTOR = 8;
    return {
      env: {
        host_interrupt: () => (host.interrupt() ? 1 : 0),
        host_get_timezone_offset: () => 0,
        host_promise_rejection: (promise: Box, reason: Box, isHandled: number) =>
          this.#rejections.note(promise, reason, isHandled !== 0),
        // Address 0 is "no such module": there is nothing to import.
        host_module_normalize: () => 0,
        host_module_load: () => 0,
        host_call: (_name: number, _length: number, _self: Box, count: number, values: number) => {
          const at = (index: number): Box =>
            index < count ? view().getUint32(values + index * 4, true) : 0;
          if (count < 3 || this.#exports.qjs_is_number(at(0)) === 0) {
            return this.#exports.qjs_new_number(REFUSED.malformed);
          }
          const operation = this.#exports.qjs_get_float64(at(0));
          const name = this.text(at(1), MAX_NAME_BYTES);
          const text = this.text(at(2), host.maxTextBytes());
          return this.#exports.qjs_new_number(host.operate(operation, name, text));
        },
      },
      wasi_snapshot_preview1: {
        clock_time_get: (_clock: number, _precision: bigint, at: number) => {
          const ms = Math.max(0, Math.round(host.nowMs()));
          view().setBigUint64(at, Number.isFinite(ms) ? BigInt(ms) * 1_000_000n : 0n, true);
          return 0;
        },
        // Every realm starts from the same memory, so there is no randomness to seed it with.
        random_get: (at: number, length: number) => {
          this.#views.bytes.fill(0, at, at + length);
          return 0;
        },
        fd_write: () => BAD_DESCRIPTOR,
        fd_close: () => BAD_DESCRIPTOR,
        fd_fdstat_get: () => BAD_DESCRIPTOR,
        fd_seek: () => BAD_DESCRIPTOR,
      },
    };
  }
}
