/**
 * The part of `isolated-vm` that is used, typed here because the package is optional. Only strings,
 * numbers and booleans cross: no `Reference` or `ExternalCopy` is ever handed to a guest.
 */

export interface IsolatedVm {
  readonly Isolate: new (options: {
    /** In MiB, at least 8; array buffers count. */
    readonly memoryLimit: number;
    /** The isolate can not go on; its thread is lost. */
    readonly onCatastrophicError: (message: string) => void;
  }) => Isolate;
  /** A function a guest can call; its thread waits for the answer. */
  readonly Callback: new (
    called: (operation: unknown, name: unknown, text: unknown) => number,
  ) => object;
}

export interface Isolate {
  /** Also after it reached its memory limit. */
  readonly isDisposed: boolean;
  createContextSync(): Context;
  compileScriptSync(code: string, options: ScriptOptions): Script;
  compileModule(code: string, options: { readonly filename: string }): Promise<Module>;
  compileModuleSync(code: string, options: { readonly filename: string }): Module;
  /** Ends what it executes as soon as the engine looks; native code does not. */
  dispose(): void;
}

export type Context = object;

/** What the engine keeps of compiled code; given back to the engine only, never to a guest. */
export type CachedCode = object;

interface ScriptOptions {
  readonly filename: string;
  readonly produceCachedData?: true;
  /** Code it does not accept is compiled again. */
  readonly cachedData?: CachedCode;
}

export interface Script {
  readonly cachedData?: CachedCode;
  runSync(context: Context, options: ReferenceResult): Reference;
}

interface ReferenceResult {
  readonly reference: true;
}

export interface Module {
  readonly dependencySpecifiers: readonly string[];
  /** There once it was evaluated. */
  readonly namespace: Reference;
  instantiateSync(context: Context, resolve: (specifier: string) => Module): void;
  evaluate(options: RunOptions): Promise<unknown>;
}

export interface Reference {
  getSync(name: string, options: ReferenceResult): Reference;
  apply(self: undefined, values: readonly unknown[], options: RunOptions): Promise<unknown>;
  applySync(
    self: undefined,
    values: readonly object[],
    options: { readonly result: ReferenceResult },
  ): Reference;
  derefInto(): object;
}

interface RunOptions {
  /** In whole milliseconds. */
  readonly timeout: number;
}
