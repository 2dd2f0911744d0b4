/** What a command is given: the library, opened when first asked for, and where its output goes. */
import type { LibraryOptions, SkillLibrary } from "../index.ts";
import { embedderFromEnvironment } from "./environment/embedder-from-environment.ts";
import { sandboxFromEnvironment } from "./environment/engine-from-environment.ts";
import { EXIT } from "./failures/exit-codes.ts";
import { requireLibrary } from "./failures/missing-library.ts";
import type { Output } from "./terminal/output.ts";

export interface OpenOptions extends Pick<LibraryOptions, "tools" | "policy" | "sandbox"> {
  /** Whether a library that does not exist is created (default: false). */
  readonly create?: boolean;
}

export interface CliContext {
  /** Whether stdout is for a program. */
  readonly json: boolean;
  readonly output: Output;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** Directory named on the command line, if any. */
  readonly libraryPath: string | undefined;
  /**
   * The library; opened once, closed when the command has ended. Only `create` makes a new one.
   *
   * @throws {MissingLibraryError} when there is none
   */
  library(options?: OpenOptions): Promise<SkillLibrary>;
  /** Sets the exit code; the first failure of a command decides. */
  exit(code: number): void;
}

export interface Session {
  readonly context: CliContext;
  readonly exitCode: () => number;
  /** Closes the library, when it was opened, so that nothing recorded is lost. */
  close(): Promise<void>;
}

export function openSession(given: {
  readonly json: boolean;
  readonly libraryPath: string | undefined;
  readonly output: Output;
  readonly signal: AbortSignal;
}): Session {
  let opened: Promise<SkillLibrary> | undefined;
  let exitCode = 0;
  return {
    context: {
      ...given,
      library: (options = {}) =>
        (opened ??= openAt(given.libraryPath, options, (text) => given.output.note(text))),
      exit(code) {
        // What was stopped because nobody reads its output did not fail.
        const isUnread = code === EXIT.interrupted && given.output.closed.aborted;
        if (exitCode === 0 && !isUnread) exitCode = code;
      },
    },
    exitCode: () => exitCode,
    async close() {
      // A library that could not be opened has said so already.
      const library = await opened?.catch(() => undefined);
      await library?.close();
    },
  };
}

/** Loaded when needed, because help and completion should not wait for a database. */
async function openAt(
  path: string | undefined,
  { create = false, ...options }: OpenOptions,
  note: (text: string) => void,
): Promise<SkillLibrary> {
  const { defaultLibraryPath, openLibrary } = await import("../index.ts");
  if (!create) await requireLibrary(path ?? defaultLibraryPath());
  return openLibrary({
    ...(options.sandbox === undefined ? sandboxFromEnvironment(process.env) : {}),
    ...(await embedderFromEnvironment(process.env, note)),
    ...options,
    ...(path === undefined ? {} : { path }),
  });
}

/** Runs of skills end on Ctrl-C, and when nobody reads their results any more. */
export function runSignal({ signal, output }: CliContext): AbortSignal {
  return AbortSignal.any([signal, output.closed]);
}
