/** What `doctor` looks at; each check says what it found and, when that is not well, what to do. */
import { access, constants, mkdtemp, rm, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { SandboxIsolation, SkillLibrary } from "../../index.ts";
import { fail, ok, warn } from "./doctor-check.ts";
import type { DoctorCheck } from "./doctor-check.ts";
import { sandboxFromEnvironment } from "../environment/engine-from-environment.ts";
import { isolationText } from "../render/isolation-text.ts";
import { plural } from "../terminal/plural.ts";
import { UsageError } from "../failures/usage-error.ts";

/** The first SQLite that several processes can safely share a file with. */
const OLDEST_SQLITE = "3.51.3";
/** Types of file systems that are shared over a network (`statfs`, linux/magic.h). */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x01021997, "9P"],
  [0x5346414f, "AFS"],
  [0x00c36400, "Ceph"],
  [0x65735546, "FUSE"],
]);
const LOOP_TIMEOUT_MS = 200;
/** Starting a worker takes time too, and this is about whether the loop ends at all. */
const LOOP_ENDS_WITHIN_MS = 5000;

export function checkNode(): DoctorCheck {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const message = `Node ${process.versions.node}`;
  if (major > 22 || (major === 22 && minor >= 19)) return ok("node", message);
  return fail("node", message, "install Node 22.19 or newer");
}

export async function checkSqlite(): Promise<DoctorCheck> {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(":memory:");
  const version = String(database.prepare("SELECT sqlite_version() AS version").get()?.["version"]);
  database.close();
  const isNewEnough = version.localeCompare(OLDEST_SQLITE, "en", { numeric: true }) >= 0;
  return isNewEnough
    ? ok("sqlite", `SQLite ${version}`)
    : fail(
        "sqlite",
        `SQLite ${version} can damage a file that several processes write`,
        `use a Node with SQLite ${OLDEST_SQLITE} or newer`,
      );
}

export async function checkPath(path: string): Promise<DoctorCheck> {
  const directory = resolve(path);
  const existing = await nearestExisting(directory);
  const found = await stat(existing);
  if (!found.isDirectory())
    return fail("path", `${existing} is a file`, "name a directory with --library");
  try {
    await access(existing, constants.W_OK | constants.X_OK);
  } catch {
    // Why does not matter: whatever stands in the way, nothing can be written.
    return fail(
      "path",
      `${existing} can not be written to`,
      "change its permissions, or name another directory with --library",
    );
  }
  const { type } = await statfs(existing);
  const network = NETWORK_FILE_SYSTEMS.get(type);
  return network === undefined
    ? ok("path", directory)
    : warn(
        "path",
        `${directory} is on a network file system (${network})`,
        "keep the library on a local disk: SQLite's locks are not reliable over a network",
      );
}

/** The path, or the nearest directory above it that exists. */
export async function nearestExisting(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found !== undefined || at === dirname(at)) return at;
  }
}

export async function checkStore(open: () => Promise<SkillLibrary>): Promise<DoctorCheck> {
  try {
    const { skills, versions, revision } = await (await open()).stats();
    return ok(
      "store",
      `whole; ${plural(skills.total, "skill")}, ${plural(versions, "version")}, revision ${revision}`,
    );
  } catch (error) {
    if (!(error instanceof RepertoireError)) throw error;
    return fail("store", error.message, "follow the message, or restore the library from a backup");
  }
}

/** An index that lags is brought up to date by any search; one that still differs is damaged. */
export async function checkIndex(library: SkillLibrary, rebuilt: boolean): Promise<DoctorCheck> {
  const before = (await library.stats()).search.revision;
  await library.search("anything", { limit: 1, useCache: false });
  const { revision, search, skills } = await library.stats();
  const summary = `${search.skills} of ${skills.total} skills indexed, ${search.vectors} with a vector`;
  if (search.skills !== skills.total || search.revision < revision)
    return fail(
      "index",
      `out of step with the store: ${summary}`,
      "run repertoire doctor --reindex",
    );
  if (search.embedderError !== undefined)
    return warn(
      "index",
      `${summary}; the embedder failed: ${search.embedderError}`,
      "skills are found by keyword until it works again; repertoire doctor --reindex tries at once",
    );
  if (search.vectors < search.skills && search.embedder !== null)
    return warn("index", summary, "run repertoire doctor --reindex to embed the others");
  if (rebuilt) return ok("index", `rebuilt; ${summary}`);
  return ok(
    "index",
    before < revision
      ? `caught up with ${plural(revision - before, "revision")}; ${summary}`
      : summary,
  );
}

/** Runs two skills in a library of their own, which is thrown away. */
export async function checkSandbox(): Promise<readonly DoctorCheck[]> {
  try {
    return await checkRuns();
  } catch (error) {
    if (!(error instanceof RepertoireError || error instanceof UsageError)) throw error;
    const remedy = "follow the message, or leave REPERTOIRE_ENGINE unset";
    return [fail("sandbox", error.message, remedy)];
  }
}

async function checkRuns(): Promise<readonly DoctorCheck[]> {
  const path = await mkdtemp(join(tmpdir(), "repertoire-doctor-"));
  const { openLibrary } = await import("../../index.ts");
  const library = await openLibrary({
    ...sandboxFromEnvironment(process.env),
    path,
    embedder: false,
  });
  try {
    await library.addMany([
      { id: "one", name: "One", description: "Gives 1", code: "export default () => 1" },
      {
        id: "loop",
        name: "Loop",
        description: "Never ends",
        code: "export default () => { for (;;); }",
      },
    ]);
    return [await checkRun(library), await checkLoop(library), await checkIsolation(library, path)];
  } finally {
    await library.close();
    await rm(path, { recursive: true, force: true });
  }
}

async function checkRun(library: SkillLibrary): Promise<DoctorCheck> {
  const { status, value, error } = await library.execute("one");
  if (status === "ok" && value === 1)
    return ok("sandbox", `runs a skill (${(await library.stats()).sandbox.engine})`);
  return fail(
    "sandbox",
    `a skill that gives 1 ended with ${status}: ${error?.message ?? preview(value)}`,
    "install the package again; its WebAssembly engine does not work here",
  );
}

/** The default engine promises a thread; what processes lack is worth knowing where they are used. */
async function checkIsolation(library: SkillLibrary, path: string): Promise<DoctorCheck> {
  const { isolation } = (await library.stats()).sandbox;
  const name = "isolated";
  if (isolation.boundary === "thread") {
    const possible = await processIsolation(path);
    return ok(name, `thread; here the engine quickjs-process would be a ${lackText(possible)}`);
  }
  if (isolation.missing.length === 0) return ok(name, isolationText(isolation));
  return warn(name, isolationText(isolation), `missing: ${isolation.missing.join("; ")}`);
}

function lackText(isolation: SandboxIsolation): string {
  const lack = isolation.missing.length === 0 ? "" : `; missing: ${isolation.missing.join("; ")}`;
  return isolationText(isolation) + lack;
}

/** What processes would achieve on this machine. */
async function processIsolation(path: string): Promise<SandboxIsolation> {
  const { openLibrary } = await import("../../index.ts");
  const library = await openLibrary({
    path: join(path, "process"),
    embedder: false,
    sandbox: { engine: "quickjs-process", workers: 1 },
  });
  try {
    return (await library.stats()).sandbox.isolation;
  } finally {
    await library.close();
  }
}

async function checkLoop(library: SkillLibrary): Promise<DoctorCheck> {
  const { status, durationMs } = await library.execute("loop", {}, { timeoutMs: LOOP_TIMEOUT_MS });
  const message = `an endless loop with ${LOOP_TIMEOUT_MS} ms ended with ${status} after ${Math.round(durationMs)} ms`;
  return status === "timeout" && durationMs < LOOP_ENDS_WITHIN_MS
    ? ok("timeout", message)
    : fail("timeout", message, "do not run skills here that are not trusted");
}
