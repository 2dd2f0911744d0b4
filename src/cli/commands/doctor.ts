import { resolve } from "node:path";
import type { Command } from "commander";
import { declareCommand } from "../command.ts";
import type { Install } from "../command.ts";
import type { CliContext } from "../context.ts";
import { ok, warn } from "../doctor-check.ts";
import type { DoctorCheck } from "../doctor-check.ts";
import {
  checkIndex,
  checkNode,
  checkPath,
  checkSandbox,
  checkSqlite,
  checkStore,
  nearestExisting,
} from "../doctor-checks.ts";
import { checkConfusable } from "../doctor-confusable.ts";
import { checkDisk, checkFiles, checkUnusedIndexes } from "../doctor-files.ts";
import { isMissing, MissingLibraryError } from "../missing-library.ts";
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
  const directory = libraryPath ?? defaultLibraryPath();
  const path = await checkPath(directory);
  yield path;
  if (path.status !== "fail") yield await checkDisk(await nearestExisting(resolve(directory)));
  if (sqlite.status === "fail") return;
  // Whether an engine can be had is a check of its own.
  const open: CliContext["library"] = () => library({ sandbox: { engine: "quickjs" } });
  if (path.status !== "fail") yield* checkLibrary(open, directory, reindex);
  yield* await checkSandbox();
}

/** The files are looked at before the library opens them, which may set a damaged one right. */
async function* checkLibrary(
  open: CliContext["library"],
  directory: string,
  reindex: boolean,
): AsyncGenerator<DoctorCheck> {
  if (await isMissing(directory)) {
    const { message } = new MissingLibraryError(resolve(directory));
    const [found = message, remedy = ""] = message.split("; ");
    return yield warn("store", found, remedy);
  }
  const damaged = await checkFiles(directory);
  yield* damaged;
  if (damaged.some(({ name }) => name === "store")) return;
  // The library does not open without its runs.
  if (damaged.some(({ name }) => name === "runs"))
    return yield ok("store", "library.sqlite is whole");
  const store = await checkStore(() => open());
  yield store;
  if (store.status !== "fail" && !damaged.some(({ name }) => name === "index")) {
    yield await checkIndex(await open(), reindex);
    yield await checkConfusable(await open());
  }
  // Last, because opening an index is a use.
  yield* await checkUnusedIndexes(directory);
}

function show({ output }: CliContext, { name, status, message, remedy }: DoctorCheck): void {
  const style = ({ ok: "green", warn: "yellow", fail: "red" } as const)[status];
  output.text(
    `${output.paint(style, status.padEnd(4))}  ${name.padEnd(8)} ${printable(message)}\n`,
  );
  if (remedy !== undefined)
    output.text(`${" ".repeat(15)}${output.paint("dim", "→")} ${printable(remedy)}\n`);
}
