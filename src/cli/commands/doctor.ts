import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { declareCommand } from "../command.ts";
import type { Install } from "../command.ts";
import type { CliContext } from "../context.ts";
import { OPEN_RESTORATION } from "../../base/open-restoration.ts";
import { fail, ok, warn } from "../doctor/doctor-check.ts";
import type { DoctorCheck } from "../doctor/doctor-check.ts";
import { checkConfusable } from "../doctor/check-confusable.ts";
import { checkContent, repairAll } from "../doctor/check-content.ts";
import {
  checkDisk,
  checkFiles,
  checkIndexFiles,
  checkUnusedIndexes,
} from "../doctor/check-files.ts";
import { checkPath, nearestExisting } from "../doctor/check-path.ts";
import { checkNode, checkSqlite } from "../doctor/check-runtime.ts";
import { checkSandbox } from "../doctor/check-sandbox.ts";
import { checkIndex, checkStore } from "../doctor/check-stores.ts";
import { findMissing } from "../failures/missing-library.ts";
import { EXIT } from "../failures/exit-codes.ts";
import { printable } from "../terminal/text-width.ts";

interface DoctorFlags {
  readonly reindex?: true;
  readonly repair?: true;
}

export const doctorCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "doctor",
    summary: "Check that this machine and this library are well; exits 1 when something is not.",
    example: "doctor --reindex",
  })
    .option("--reindex", "build the search index anew")
    .option("--repair", "make anew whatever is derived, and say what only a backup has")
    .action((flags: DoctorFlags, command: Command) =>
      run(command, (context) => doctor(context, flags)),
    );
};

async function doctor(context: CliContext, flags: DoctorFlags): Promise<void> {
  const checks: DoctorCheck[] = [];
  for await (const check of runChecks(context, flags)) {
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
  flags: DoctorFlags,
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
  if (path.status !== "fail") yield* checkLibrary(open, directory, flags);
  yield* await checkSandbox();
}

/** The files are looked at before the library opens them, which may set a damaged one right. */
async function* checkLibrary(
  open: CliContext["library"],
  directory: string,
  { reindex = false, repair = false }: { readonly reindex?: boolean; readonly repair?: boolean },
): AsyncGenerator<DoctorCheck> {
  const missing = await findMissing(directory);
  if (missing !== undefined) {
    const { message, isLost } = missing;
    const [found = message, remedy = ""] = message.split("; ");
    return yield (isLost ? fail : warn)("store", found, remedy);
  }
  if (existsSync(join(directory, OPEN_RESTORATION))) {
    // Opening finishes it; the files there may be those of two libraries until then.
    const restored = await checkStore(() => open());
    if (restored.status === "fail") return yield restored;
    yield ok("restore", "a restoration that was interrupted is finished");
  }
  const damaged = await checkFiles(directory);
  const ofIndex = damaged.filter(({ name }) => name === "index");
  yield* damaged.filter(({ name }) => name !== "index");
  const isStoreDamaged = damaged.some(({ name }) => name === "store");
  // The library does not open without its runs.
  if (!isStoreDamaged && damaged.some(({ name }) => name === "runs"))
    yield ok("store", "library.sqlite is whole");
  if (damaged.length > ofIndex.length) return yield* ofIndex;
  const store = await checkStore(() => open());
  yield store;
  if (store.status === "fail") return yield* ofIndex;
  const library = await open();
  if (repair) yield* await repairAll(library);
  // One that is damaged inside is begun anew as well.
  if (reindex && !repair) await library.reindex();
  const stillDamaged = repair || reindex ? await checkIndexFiles(directory) : ofIndex;
  yield* stillDamaged;
  if (stillDamaged.length === 0) {
    yield await checkIndex(library, reindex || (repair && ofIndex.length > 0));
    if (!repair) yield* await checkContent(library);
    yield await checkConfusable(library);
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
