/** The program from its arguments to its exit code. */
import { CommanderError } from "commander";
import type { Command } from "commander";
import { buildProgram } from "./build-program.ts";
import { openSession } from "./context.ts";
import type { Session } from "./context.ts";
import { EXIT } from "./failures/exit-codes.ts";
import { processOutput } from "./terminal/output.ts";
import type { Output } from "./terminal/output.ts";
import { errorDocument, exitCodeFor, noteError } from "./failures/report-error.ts";

/** @param given arguments without those of Node */
export async function main(given: readonly string[]): Promise<void> {
  const output = processOutput();
  const signal = interruptSignal(output);
  let exitCode = EXIT.ok as number;

  async function run(
    command: Command,
    work: (context: Session["context"]) => Promise<void>,
  ): Promise<void> {
    const options = { ...command.parent?.opts(), ...command.opts() };
    const { json = false, library } = options as { json?: boolean; library?: string };
    const session = openSession({ json, libraryPath: library, output, signal });
    try {
      await work(session.context);
    } finally {
      output.status(undefined);
      await session.close();
      exitCode = session.exitCode();
    }
  }

  try {
    await buildProgram(output, run).parseAsync(given, { from: "user" });
  } catch (error) {
    exitCode = tellFailure(output, error, given);
  }
  await output.drain();
  // Tools of the user's own may have left timers behind, which must not keep the program from ending.
  process.exit(output.hasFailed() ? EXIT.internal : exitCode);
}

function tellFailure(output: Output, error: unknown, given: readonly string[]): number {
  const isCommanders = error instanceof CommanderError;
  if (isCommanders && error.exitCode === 0) return EXIT.ok;
  // Commander has printed its own message, with a hint, already.
  if (!isCommanders) noteError(output, error);
  if (wantsJson(given)) output.json({ error: errorDocument(error) });
  return exitCodeFor(error);
}

/** Asked of the bare arguments, because an error may lie in them. */
function wantsJson(given: readonly string[]): boolean {
  const end = given.indexOf("--");
  return (end === -1 ? given : given.slice(0, end)).includes("--json");
}

/**
 * Aborts on the first Ctrl-C, and when asked to end by SIGTERM, so that runs are cancelled and
 * recorded; the second one ends the program at once.
 */
function interruptSignal(output: Output): AbortSignal {
  const interrupted = new AbortController();
  const interrupt = (name: NodeJS.Signals): void => {
    if (interrupted.signal.aborted) return dieOf(name);
    output.status(undefined);
    interrupted.abort(new Error(`The program was interrupted by ${name}`));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return interrupted.signal;
}

/**
 * Ends the program as the signal does when nobody handles it. `process.exit` would wait for
 * threads, and one of them may be in a system call that never returns.
 */
function dieOf(name: NodeJS.Signals): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}
