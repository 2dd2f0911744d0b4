/** Whether skills run here, end in time, and what stands around them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { SandboxIsolation, SkillLibrary } from "../../index.ts";
import { fail, ok, warn } from "./doctor-check.ts";
import type { DoctorCheck } from "./doctor-check.ts";
import { sandboxFromEnvironment } from "../environment/engine-from-environment.ts";
import { isolationText } from "../render/isolation-text.ts";
import { UsageError } from "../failures/usage-error.ts";

const LOOP_TIMEOUT_MS = 200;
/** Starting a worker takes time too, and this is about whether the loop ends at all. */
const LOOP_ENDS_WITHIN_MS = 5000;

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
