/**
 * Histories on disk, as JSON Lines: a line when a write begins, before it begins, and one when it has
 * ended; a read takes one line. Each line is one `write` to the system, so killing the process loses
 * no line that is whole, and a write that began is known to have begun.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { RepertoireError } from "../../base/errors.ts";
import type { SkillAnswer, SkillCall } from "../linearizability/skill-model.ts";
import type { Operation } from "../linearizability/operation.ts";

export type SkillOperation = Operation<SkillCall, SkillAnswer>;

/** How a call ended that gave no answer: without effect, or nobody knows. */
export interface Unanswered {
  readonly effect: "none" | "unknown";
  /** Code or name of the error. */
  readonly error: string;
}

export interface HistoryRecorder {
  readonly client: string;
  /** Notes that a write begins; call what is returned when it has ended. */
  begin(key: string, call: SkillCall): (ended: SkillAnswer | Unanswered) => void;
  /** Notes a read that ended, which began at {@link historyNow}. */
  observed(key: string, call: SkillCall, calledAt: number, answer: SkillAnswer): void;
  /** Notes a read or a wait that failed, or anything else that is no answer. */
  failed(key: string, call: SkillCall, calledAt: number, error: string): void;
  close(): void;
}

/** A call that ended without an answer and, as far as is known, without effect. */
export interface FailedCall {
  readonly client: string;
  readonly key: string;
  readonly op: SkillCall["op"];
  readonly error: string;
}

export interface History {
  /** Everything that may have had an effect or saw something. */
  readonly operations: readonly SkillOperation[];
  readonly failed: readonly FailedCall[];
}

type Line =
  | readonly [kind: "call", n: number, key: string, at: number, call: SkillCall]
  | readonly [kind: "answer", n: number, at: number, answer: SkillAnswer]
  | readonly [kind: "lost", n: number, at: number, error: string]
  | readonly [kind: "refused", n: number, at: number, error: string]
  | readonly [
      kind: "read",
      n: number,
      key: string,
      at: number,
      until: number,
      call: SkillCall,
      answer: SkillAnswer,
    ]
  | readonly [
      kind: "failed",
      n: number,
      key: string,
      at: number,
      until: number,
      call: SkillCall,
      error: string,
    ];

/**
 * Now, in nanoseconds. The clock is the machine's and all processes share it (on Linux
 * `CLOCK_MONOTONIC`). Rounding to a double keeps the order, and equal times count as overlapping.
 */
export function historyNow(): number {
  return Number(process.hrtime.bigint());
}

/**
 * Records what one client does.
 *
 * @param path file of this client alone; appended to
 * @param client its name, which no other file of the history has
 */
export function historyRecorder(path: string, client: string): HistoryRecorder {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "a");
  let count = 0;
  writeLine([client]);

  function writeLine(line: Line | readonly [string]): void {
    writeSync(file, `${JSON.stringify(line)}\n`);
  }

  return {
    client,
    begin(key, call) {
      const n = count++;
      writeLine(["call", n, key, historyNow(), call]);
      return (ended) => {
        const at = historyNow();
        if ("kind" in ended) writeLine(["answer", n, at, ended]);
        else writeLine([ended.effect === "none" ? "refused" : "lost", n, at, ended.error]);
      };
    },
    observed(key, call, calledAt, answer) {
      writeLine(["read", count++, key, calledAt, historyNow(), call, answer]);
    },
    failed(key, call, calledAt, error) {
      writeLine(["failed", count++, key, calledAt, historyNow(), call, error]);
    },
    close: () => closeSync(file),
  };
}

/**
 * The history in these files, or in all files of a directory that end in `.jsonl`.
 *
 * @throws {INVALID_INPUT} for a line that is no line of a history; the last may be cut off
 */
export function readHistory(paths: string | readonly string[]): History {
  const operations: SkillOperation[] = [];
  const failed: FailedCall[] = [];
  for (const path of [paths].flat().flatMap(filesAt)) readFile(path, operations, failed);
  return { operations, failed };
}

function filesAt(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith(".jsonl"));
  return names.sort().map((name) => join(path, name));
}

function readFile(path: string, operations: SkillOperation[], failed: FailedCall[]): void {
  const lines = readFileSync(path, "utf8").split("\n");
  // What follows the last line break is nothing, or a line that its writer did not live to end.
  lines.pop();
  const open = new Map<number, Omit<SkillOperation, "returned">>();
  let client = "";
  let lives = 0;
  for (const [index, text] of lines.entries()) {
    const line = parseLine(text, path, index + 1);
    if (line.length === 1) {
      client = line[0];
      lives += 1;
      // A client that was started again counts anew; what it had begun before is never answered.
      operations.push(...open.values());
      open.clear();
      continue;
    }
    const id = `${client}${lives > 1 ? `/${lives}` : ""}#${line[1]}`;
    switch (line[0]) {
      case "call": {
        const [, n, key, calledAt, call] = line;
        open.set(n, { id, client, key, call, calledAt });
        break;
      }
      case "read": {
        const [, , key, calledAt, at, call, answer] = line;
        operations.push({ id, client, key, call, calledAt, returned: { at, answer } });
        break;
      }
      case "failed": {
        const [, , key, , , { op }, error] = line;
        failed.push({ client, key, op, error });
        break;
      }
      default: {
        const begun = open.get(line[1]);
        if (begun === undefined) throw noHistory(path, index + 1, text);
        if (line[0] === "lost") break;
        open.delete(line[1]);
        if (line[0] === "answer") {
          operations.push({ ...begun, returned: { at: line[2], answer: line[3] } });
        } else failed.push({ client, key: begun.key, op: begun.call.op, error: line[3] });
      }
    }
  }
  operations.push(...open.values());
}

function parseLine(text: string, path: string, number: number): Line | readonly [string] {
  try {
    const line: unknown = JSON.parse(text);
    if (Array.isArray(line) && typeof line[0] === "string") return line as unknown as Line;
  } catch {
    // Told below, with its place.
  }
  throw noHistory(path, number, text);
}

function noHistory(path: string, number: number, text: string): RepertoireError {
  return new RepertoireError(
    "INVALID_INPUT",
    `Line ${number} of ${path} is no line of a history: ${text.slice(0, 100)}`,
  );
}
