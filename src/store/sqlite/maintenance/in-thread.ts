/** The work of this folder that reads whole files, each on a thread of its own. */
import { callInThread } from "../../../base/thread-call.ts";
import type { RunsReport } from "./check-runs.ts";
import type { SkillsReport } from "./check-skills.ts";
import type { Repaired } from "./repair-skills.ts";
import type { Sealed } from "./sealed-file.ts";

type Work = (path: string, signal?: AbortSignal) => Promise<unknown>;

function inThread(file: string, name: string): Work {
  const module = new URL(`./${file}`, import.meta.url);
  return (path, signal) => callInThread({ module, name }, { path }, signal);
}

/** Each takes the path of a file. */
export const threads = {
  checkSkills: inThread("check-skills", "checkSkillsFile"),
  checkRuns: inThread("check-runs", "checkRunsFile"),
  repairSkills: inThread("repair-skills", "repairSkillsFile"),
  repairRuns: inThread("check-runs", "repairRunsFile"),
  seal: inThread("sealed-file", "sealFile"),
  digest: inThread("sealed-file", "digestFile"),
} as {
  readonly checkSkills: (path: string, signal?: AbortSignal) => Promise<SkillsReport>;
  readonly checkRuns: (path: string, signal?: AbortSignal) => Promise<RunsReport>;
  readonly repairSkills: (path: string, signal?: AbortSignal) => Promise<Repaired<SkillsReport>>;
  readonly repairRuns: (path: string, signal?: AbortSignal) => Promise<Repaired<RunsReport>>;
  readonly seal: (path: string, signal?: AbortSignal) => Promise<Sealed>;
  readonly digest: (path: string, signal?: AbortSignal) => Promise<Sealed>;
};
