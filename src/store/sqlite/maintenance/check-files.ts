/** Both files of a library, each in itself and against the other. */
import { problemList } from "../../../base/problem.ts";
import type { Problem } from "../../../base/problem.ts";
import type { FilesRepair, FilesReport } from "../../library-files.ts";
import type { RunsReport } from "./check-runs.ts";
import type { SkillsReport } from "./check-skills.ts";
import { threads } from "./in-thread.ts";

export interface FilePaths {
  readonly skills: string;
  readonly runs: string;
}

export async function checkFiles(paths: FilePaths, signal?: AbortSignal): Promise<FilesReport> {
  // The runs first: a version they name was there before, so a later look at the skills finds it.
  const runs = await threads.checkRuns(paths.runs, signal);
  return together(await threads.checkSkills(paths.skills, signal), runs);
}

export async function repairFiles(paths: FilePaths, signal?: AbortSignal): Promise<FilesRepair> {
  const runs = await threads.repairRuns(paths.runs, signal);
  const skills = await threads.repairSkills(paths.skills, signal);
  const before = together(skills.before, runs.before);
  const { problems: left } = together(skills.after, runs.after);
  return { repaired: before.problems.filter((problem) => !left.some(isSame(problem))), left };
}

function isSame(one: Problem): (other: Problem) => boolean {
  return ({ part, subject, message }) =>
    part === one.part && subject === one.subject && message === one.message;
}

function together(skills: SkillsReport, runs: RunsReport): FilesReport {
  const apart = problemList("runs");
  // What a damaged file did not tell is not missing.
  if (skills.versions > 0 || skills.problems.length === 0)
    for (const [id, version] of runs.named) {
      const newest = skills.newest.get(id) ?? 0;
      if (version > newest)
        apart.add({
          subject: id,
          message: `runs of version ${version} are recorded, and the library has ${newest === 0 ? "no version of it" : `versions up to ${newest}`}: its skills are older than its runs`,
          repairable: false,
        });
    }
  const between = apart.list();
  return {
    problems: [...skills.problems, ...runs.problems, ...between.problems],
    more: skills.more + runs.more + between.more,
    revision: skills.revision,
    skills: skills.skills,
    versions: skills.versions,
    runs: runs.runs,
    current: skills.current,
  };
}
