/**
 * The two streams of the program: data goes to stdout, everything else to stderr. A reader that
 * closes stdout early, such as `head`, is no error: nothing more is written, and `closed` aborts.
 */
import { paintFor } from "./colours.ts";
import type { Paint } from "./colours.ts";
import { printableJson } from "./text-width.ts";

export interface Output {
  /** One JSON document on one line. */
  json(value: unknown): void;
  /** Text for stdout as it is. */
  text(text: string): void;
  /** A line for stderr. */
  note(text: string): void;
  /** Colours for stdout. */
  readonly paint: Paint;
  /** Colours for stderr. */
  readonly paintNote: Paint;
  /** Columns of the terminal; `Infinity` when stdout is none. */
  readonly width: number;
  /** Columns for stderr; 80 when it is no terminal. */
  readonly noteWidth: number;
  /** Whether a person looks at stdout. */
  readonly isTerminal: boolean;
  /** Whether progress can be drawn on stderr. */
  readonly isInteractive: boolean;
  /** Draws on the last line of stderr until anything else is written; nothing removes it. */
  status(line: string | undefined): void;
  /** Aborts when nobody reads stdout any more. */
  readonly closed: AbortSignal;
  /** Whether output was lost for another reason than that, such as a full disk. */
  hasFailed(): boolean;
  /** Resolves when everything written has left the process. */
  drain(): Promise<void>;
}

export function processOutput(): Output {
  const { stdout, stderr, env } = process;
  const closed = new AbortController();
  let status: string | undefined;
  let failed = false;
  const isInteractive = stderr.isTTY && env.TERM !== "dumb" && !env.CI;

  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") {
      failed = true;
      stderr.write(`error: stdout can not be written: ${error.message}\n`);
    }
    closed.abort(error);
  });
  // Nobody is left to tell.
  stderr.on("error", () => undefined);

  function clearStatus(): void {
    if (status === undefined) return;
    status = undefined;
    stderr.write("\r\u001B[2K");
  }

  function text(chunk: string): void {
    if (closed.signal.aborted) return;
    clearStatus();
    stdout.write(chunk);
  }

  return {
    json: (value) => text(`${printableJson(value)}\n`),
    text,
    note(line) {
      clearStatus();
      stderr.write(`${line}\n`);
    },
    paint: paintFor(stdout),
    paintNote: paintFor(stderr),
    width: stdout.isTTY ? stdout.columns || 80 : Number.POSITIVE_INFINITY,
    noteWidth: stderr.columns || 80,
    isTerminal: stdout.isTTY,
    isInteractive,
    status(line) {
      if (!isInteractive) return;
      clearStatus();
      if (line === undefined) return;
      status = line;
      stderr.write(line);
    },
    closed: closed.signal,
    hasFailed: () => failed,
    drain: async () => {
      await Promise.all([flushed(stdout), flushed(stderr)]);
    },
  };
}

/** A write is called back once everything before it is gone, or can not go any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writable) return resolve();
    stream.write("", () => resolve());
  });
}
