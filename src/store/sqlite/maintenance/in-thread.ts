/** The work of this folder that reads whole files, each on a thread of its own. */
import { callInThread } from "../../../base/thread-call.ts";
import type { checkRunsFile, repairRunsFile } from "./check-runs.ts";
import type { checkSkillsFile } from "./check-skills.ts";
import type { repairSkillsFile } from "./repair-skills.ts";
import type { digestFile, sealFile } from "./sealed-file.ts";

type OfPath = (input: { readonly path: string }) => unknown;
type Threaded<Work extends OfPath> = (
  path: string,
  signal?: AbortSignal,
) => Promise<ReturnType<Work>>;

function inThread<Work extends OfPath>(file: string, name: string): Threaded<Work> {
  const module = new URL(`./${file}`, import.meta.url);
  return (path, signal) => callInThread<ReturnType<Work>>({ module, name }, { path }, signal);
}

/** Each takes the path of a file. */
export const threads = {
  checkSkills: inThread<typeof checkSkillsFile>("check-skills", "checkSkillsFile"),
  checkRuns: inThread<typeof checkRunsFile>("check-runs", "checkRunsFile"),
  repairSkills: inThread<typeof repairSkillsFile>("repair-skills", "repairSkillsFile"),
  repairRuns: inThread<typeof repairRunsFile>("check-runs", "repairRunsFile"),
  seal: inThread<typeof sealFile>("sealed-file", "sealFile"),
  digest: inThread<typeof digestFile>("sealed-file", "digestFile"),
};
