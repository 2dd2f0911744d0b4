import type { Command } from "commander";
import { declareCommand } from "../command.ts";
import type { Install } from "../command.ts";
import type { CliContext } from "../context.ts";
import {
  checkIndex,
  checkNode,
  checkPath,
  checkSandbox,
  checkSqlite,
  checkStore,
} from "../doctor-checks.ts";
import type { DoctorCheck } from "../doctor-checks.ts";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../text-width.ts";

interface DoctorFlags {
  readonly reindex?: true;
}

export const doctorCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "doctor",
    summary: "Check that this machine and this library are well; exits 1 when something is not.",
    example: "doctor --reindex",
  })
    .option("--reindex", "build the search index anew")
    .action((flags: DoctorFlags, command: Command) =>
      run(command, (context) => doctor(context, flags.reindex === true)),
    );
};

async function doctor(context: CliContext, reindex: boolean): Promise<void> {
  const checks: DoctorCheck[] = [];
  for await (const check of runChecks(context, reindex)) {
    checks.push(check);
    if (!context.json) show(context, check);
  }
  const isWell = checks.every(({ status }) => status !== "fail");
  if (!isWell) context.exit(EXIT.internal);
  if (context.json) context.output.json({ ok: isWell, checks });
}

/** Each check runs only where those it builds on have not failed. */
async function* runChecks(
  { library, libraryPath }: CliContext,
  reindex: boolean,
): AsyncGenerator<DoctorCheck> {
  yield checkNode();
  const sqlite = await checkSqlite();
  yield sqlite;
  const { defaultLibraryPath } = await import("../../index.ts");
  const path = await checkPath(libraryPath ?? defaultLibraryPath());
  yield path;
  if (sqlite.status === "fail") return;
  if (path.status !== "fail") {
    const store = await checkStore(() => library());
    yield store;
    if (store.status !== "fail") yield await checkIndex(await library(), reindex);
  }
  yield* await checkSandbox();
}

function show({ output }: CliContext, { name, status, message, remedy }: DoctorCheck): void {
  const style = ({ ok: "green", warn: "yellow", fail: "red" } as const)[status];
  output.text(
    `${output.paint(style, status.padEnd(4))}  ${name.padEnd(8)} ${printable(message)}\n`,
  );
  if (remedy !== undefined) output.text(`${" ".repeat(15)}${output.paint("dim", "→")} ${remedy}\n`);
}
