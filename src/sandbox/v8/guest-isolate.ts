/**
 * One program's world: a fresh isolate, its realm and the prelude in it. It is used for one run and
 * thrown away.
 *
 * Guest code is executed on a thread of the engine while this one waits for promises, so that it
 * can watch and end what does not end by itself. Nothing but strings and numbers goes in or comes
 * out; a value the guest would give otherwise is never looked at.
 */
import type {
  CachedCode,
  Context,
  Isolate,
  IsolatedVm,
  Module,
  Reference,
} from "./isolated-vm-api.ts";
import { LOADER, PRELUDE_FILE, V8_PRELUDE } from "./v8-prelude.ts";
import type { V8PreludeFunctions } from "./v8-prelude.ts";

/** The least the engine takes. */
const MIN_MEMORY_MIB = 8;
const MIB = 1024 * 1024;

/** Handles one operation of the prelude; `undefined` stands for what is no text. Must not throw. */
export type Operate = (
  operation: number,
  name: string | undefined,
  text: string | undefined,
) => number;

/** How an attempt to load the program's module ended. */
export type Loaded =
  | { readonly kind: "running" }
  /** A top-level await has not settled, and never will. */
  | { readonly kind: "pending" }
  | { readonly kind: "imports"; readonly specifier: string }
  | { readonly kind: "syntax" | "threw"; readonly error: unknown };

export interface GuestIsolate {
  readonly memoryMib: number;
  /** Whether the engine gave up, because memory ran out or `dispose` was called. */
  readonly isDisposed: boolean;
  /** Takes the operations of the run from now on. */
  attach(operate: Operate, onLost: () => void): void;
  /** What the engine said of rejections that nothing handled, one for each call it noticed them in. */
  readonly rejections: readonly unknown[];
  /** Calls a function of the prelude; `undefined` when the engine stopped it. */
  call<Name extends keyof V8PreludeFunctions>(
    name: Name,
    values: V8PreludeFunctions[Name],
    timeoutMs: number,
  ): Promise<unknown>;
  /** Loads the program and, when that is done, calls its function. */
  load(code: string, file: string, timeoutMs: () => number): Promise<Loaded>;
  /** Compiles alone; the error when it can not be. */
  compile(code: string, file: string): Promise<unknown>;
  dispose(): void;
}

/** The memory in MiB that an isolate gets for a limit in bytes. */
export function memoryMibOf(memoryBytes: number): number {
  return Math.max(MIN_MEMORY_MIB, Math.ceil(memoryBytes / MIB));
}

/** Compiling the prelude takes as long as all else that makes an isolate: it is done once. */
export function compilePrelude(ivm: IsolatedVm): CachedCode | undefined {
  const isolate = new ivm.Isolate({
    memoryLimit: MIN_MEMORY_MIB,
    onCatastrophicError: () => undefined,
  });
  try {
    const options = { filename: PRELUDE_FILE, produceCachedData: true } as const;
    return isolate.compileScriptSync(V8_PRELUDE, options).cachedData;
  } finally {
    isolate.dispose();
  }
}

/** @param prelude what {@link compilePrelude} gave in this process */
export function createGuestIsolate(
  ivm: IsolatedVm,
  memoryMib: number,
  prelude: CachedCode | undefined,
): GuestIsolate {
  let operate: Operate = () => -1;
  let lost: () => void = () => undefined;
  const rejections: unknown[] = [];
  const isolate: Isolate = new ivm.Isolate({
    memoryLimit: memoryMib,
    onCatastrophicError: () => lost(),
  });
  const context: Context = isolate.createContextSync();
  const host = new ivm.Callback((operation, name, text) =>
    operate(Number(operation), textOf(name), textOf(text)),
  );
  const entries = isolate
    .compileScriptSync(V8_PRELUDE, {
      filename: PRELUDE_FILE,
      ...(prelude === undefined ? {} : { cachedData: prelude }),
    })
    .runSync(context, { reference: true })
    .applySync(undefined, [host], { result: { reference: true } });
  const functionOf = (name: keyof V8PreludeFunctions): Reference =>
    entries.getSync(name, { reference: true });
  const functions = {
    begin: functionOf("begin"),
    run: functionOf("run"),
    settle: functionOf("settle"),
    conclude: functionOf("conclude"),
    concluded: functionOf("concluded"),
  };

  async function load(code: string, file: string, timeoutMs: () => number): Promise<Loaded> {
    let program: Module;
    try {
      program = await isolate.compileModule(code, { filename: file });
    } catch (error) {
      return { kind: "syntax", error };
    }
    const [specifier] = program.dependencySpecifiers;
    if (specifier !== undefined) return { kind: "imports", specifier };
    const loader = isolate.compileModuleSync(LOADER, { filename: PRELUDE_FILE });
    program.instantiateSync(context, neverImported);
    loader.instantiateSync(context, () => program);
    let thrown: { readonly error: unknown } | undefined;
    try {
      await loader.evaluate({ timeout: timeoutMs() });
    } catch (error) {
      // What the module threw, or a rejection nobody handled: whether it was loaded tells which.
      thrown = { error };
    }
    if (isolate.isDisposed) return { kind: "running" };
    if (thrown !== undefined) rejections.push(thrown.error);
    const running = await call("run", [loader.namespace.derefInto()], timeoutMs());
    if (running !== false) return { kind: "running" };
    rejections.length = 0;
    return thrown === undefined ? { kind: "pending" } : { kind: "threw", ...thrown };
  }

  async function call<Name extends keyof V8PreludeFunctions>(
    name: Name,
    values: V8PreludeFunctions[Name],
    timeoutMs: number,
  ): Promise<unknown> {
    try {
      return await functions[name].apply(undefined, values, { timeout: timeoutMs });
    } catch (error) {
      // The engine stopped it, which the caller's clock and `isDisposed` tell, or the engine reports
      // a rejection that nobody handled: no function of the prelude throws by itself.
      rejections.push(error);
      return undefined;
    }
  }

  return {
    memoryMib,
    rejections,
    get isDisposed() {
      return isolate.isDisposed;
    },
    attach(newOperate, onLost) {
      operate = newOperate;
      lost = onLost;
    },
    call,
    load,
    async compile(code, file) {
      try {
        await isolate.compileModule(code, { filename: file });
        return undefined;
      } catch (error) {
        return error;
      }
    },
    dispose() {
      if (isolate.isDisposed) return;
      try {
        isolate.dispose();
      } catch {
        // It was disposed between the look and the call.
      }
    },
  };
}

function neverImported(specifier: string): never {
  throw new Error(`A program imports nothing, but this one asked for ${specifier}`);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
