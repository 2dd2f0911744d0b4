/** The part of WebAssembly that is used, typed here because the compiler's types bind it to the DOM. */

/** Compiled code; opaque, and the same in every thread it is sent to. */
export type WasmModule = object;

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

type WasmFunction = (...values: never[]) => unknown;

interface WebAssemblyGlobal {
  readonly compile: (bytes: Uint8Array) => Promise<WasmModule>;
  readonly Instance: new (
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, WasmFunction>>>>,
  ) => { readonly exports: unknown };
  readonly RuntimeError: new (message?: string) => Error;
}

export const { compile, Instance, RuntimeError } = (
  globalThis as unknown as { readonly WebAssembly: WebAssemblyGlobal }
).WebAssembly;
