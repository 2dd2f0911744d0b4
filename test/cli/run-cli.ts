/** Runs the built program as a user would: as a process of its own, in a directory of its own. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../dist/cli/bin.js", import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly stdin?: string;
  /** File to write stdout to, in place of a pipe. */
  readonly stdout?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process once it has started. */
  readonly onStart?: (child: ChildProcess) => void;
}

export interface Workplace extends Disposable {
  readonly directory: string;
  /** Directory of the library that commands use when they name no other. */
  readonly library: string;
  run(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  /** Writes a file, text as it is and anything else as JSON, and returns its name. */
  write(name: string, content: unknown): string;
}

export function openWorkplace(): Workplace {
  const directory = mkdtempSync(join(tmpdir(), "repertoire-cli-"));
  const library = join(directory, "library");
  return {
    directory,
    library,
    run: (args, options = {}) => run(directory, library, args, options),
    write(name, content) {
      writeFileSync(
        join(directory, name),
        typeof content === "string" ? content : JSON.stringify(content),
      );
      return name;
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function run(
  directory: string,
  library: string,
  args: readonly string[],
  { stdin, stdout: file, env, onStart }: CliOptions,
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const target = file === undefined ? undefined : openSync(file, "w");
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: directory,
      stdio: ["pipe", target ?? "pipe", "pipe"],
      // Nothing of the test runner's own environment, which forces colours among other things.
      env: { PATH: process.env.PATH, HOME: directory, REPERTOIRE_LIBRARY: library, ...env },
    });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      if (target !== undefined) closeSync(target);
      resolve({ code, stdout, stderr });
    });
    // A program that never reads its input may be gone before all of it is written.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(stdin ?? "");
    onStart?.(child);
  });
}

/** The values of JSON Lines. */
export function jsonLines({ stdout }: CliResult): unknown[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
}

/** The one value on stdout. */
export function jsonOf(result: CliResult): unknown {
  const values = jsonLines(result);
  if (values.length !== 1)
    throw new Error(`expected one line of JSON, got ${JSON.stringify(result)}`);
  return values[0];
}
