/**
 * The demo, act by act: skills are admitted; agents in processes of their own get into a conflict
 * and out of it; then all of them work at once; in the end the books are checked.
 */
import { randomUUID } from "node:crypto";
import { openLibrary } from "../../index.ts";
import type { SkillLibrary } from "../../index.ts";
import { admit } from "./admit.ts";
import type { AdmissionReport } from "./admit.ts";
import type { WorkPlan } from "./agent-messages.ts";
import type { AgentRecord } from "./agent-record.ts";
import { AGENT_TASKS } from "./agent-tasks.ts";
import { startAgent } from "./agent-team.ts";
import type { AgentHandle } from "./agent-team.ts";
import { auditReads, auditUpdates } from "./audit.ts";
import { playStory } from "./conflict-story.ts";
import type { Story } from "./conflict-story.ts";
import { COUNTERS, demoDrafts, RUNAWAYS } from "./demo-skills.ts";
import { demoReport } from "./demo-report.ts";
import type { DemoReport } from "./demo-report.ts";
import { progressBar, watchAgents } from "./live-view.ts";
import { machineNowMs } from "./machine-clock.ts";
import { readHistories } from "./read-histories.ts";
import { renderAdmission, renderNext, renderReport } from "./render-report.ts";
import type { Screen } from "./screen.ts";

export interface Stage {
  /** Directory of the library. */
  readonly path: string;
  /** The directory, when it stays. */
  readonly kept: string | null;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly drafts: readonly unknown[];
  readonly source: string;
  readonly seconds: number;
  readonly agentCount: number;
  readonly seed: number;
}

/** Admission ends early after this long, but not before this many skills are in. */
const ADMISSION_BUDGET_MS = 20_000;
const ENOUGH_SKILLS = 240;

export async function performDemo(stage: Stage): Promise<DemoReport> {
  const { path, screen, seconds, agentCount, seed, source, kept } = stage;
  const { paint } = screen;
  const startedMs = machineNowMs();
  screen.print(paint(["bold", "cyan"], "Repertoire: one library of skills, shared by many agents"));
  screen.print(paint("dim", `${source}; library ${path}; seed ${seed}`));

  await using library = await openLibrary({ path });
  const admission = await admitSkills(library, stage);
  const plan = await planWork(library, seconds);
  const { runs: runsBefore } = await library.stats();
  const team = await withAgents(stage, plan);

  const commits = team.records.flatMap((record) => record.commits);
  const sightings = team.records.flatMap((record) => record.sightings);
  const histories = await readHistories(
    library,
    new Set([...COUNTERS, ...commits.map(({ skillId }) => skillId)]),
  );
  const { skills, versions, revision, runs } = await library.stats();
  const report = demoReport({
    ...team,
    seed,
    seconds,
    source,
    admission,
    agents: agentCount,
    library: kept,
    updates: auditUpdates(commits, histories, team.records.length === agentCount),
    reads: auditReads(sightings, commits, histories),
    figures: {
      skills: skills.total,
      versions,
      revision,
      runsRecorded: runs.runs - runsBefore.runs,
    },
    durationMs: machineNowMs() - startedMs,
  });
  heading(screen, 4, "Report");
  for (const line of renderReport(report, paint)) screen.print(line);
  screen.print();
  screen.print("Try next:");
  for (const line of renderNext(kept)) screen.print(paint("cyan", line));
  return report;
}

function heading({ print, paint }: Screen, act: number, text: string): void {
  print();
  print(paint("bold", `${act}  ${text}`));
}

async function admitSkills(
  library: SkillLibrary,
  { screen, drafts, signal }: Stage,
): Promise<AdmissionReport> {
  heading(screen, 1, "Admission: a skill gets in when its examples hold, each run in the sandbox");
  const bar = progressBar(screen);
  const admission = await admit(library, drafts, {
    budgetMs: ADMISSION_BUDGET_MS,
    enough: ENOUGH_SKILLS,
    signal,
    onProgress: ({ submitted, admitted, refused, examples }) => {
      const text = `${admitted} admitted, ${refused} refused, ${examples} examples run`;
      bar.update(submitted, drafts.length, text);
    },
  });
  bar.end();
  for (const line of renderAdmission(admission, screen.paint)) screen.print(`   ${line}`);

  const session = randomUUID();
  const own = await library.addMany(demoDrafts(session), { expectedVersion: "any" });
  for (const outcome of own) if (!outcome.ok) throw outcome.error;
  return admission;
}

/** Tasks whose skill is in this library: the demo runs with and without the functions of es-toolkit. */
async function planWork(library: SkillLibrary, seconds: number): Promise<WorkPlan> {
  const present = await Promise.all(
    AGENT_TASKS.map(async ({ skills }) => {
      const found = await Promise.all(skills.map((id) => library.get(id)));
      return found.some((skill) => skill !== undefined);
    }),
  );
  return {
    durationMs: seconds * 1000,
    tasks: AGENT_TASKS.filter((_, index) => present[index] === true),
    counters: COUNTERS,
    runaways: RUNAWAYS,
  };
}

interface TeamOutcome {
  readonly story: Story | undefined;
  readonly records: readonly AgentRecord[];
  readonly crashes: readonly string[];
}

/** The two acts of the agents. One that dies is reported and does not stop the others. */
async function withAgents(stage: Stage, plan: WorkPlan): Promise<TeamOutcome> {
  const { path, screen, signal, agentCount, seconds, seed } = stage;
  signal.throwIfAborted();
  const agents = Array.from({ length: agentCount }, (_, index) =>
    startAgent({
      agent: String.fromCodePoint(65 + index),
      libraryPath: path,
      seed: seed * 1000 + index,
    }),
  );
  const well = (): readonly AgentHandle[] => agents.filter(({ crash }) => crash === undefined);
  const endAll = async (): Promise<void> => {
    await Promise.all(agents.map((agent) => agent.end()));
  };
  signal.addEventListener("abort", endAll, { once: true });
  const faults: string[] = [];
  try {
    heading(screen, 2, `A conflict and its resolution; each agent is a process (${agentCount})`);
    await Promise.allSettled(agents.map((agent) => agent.ready));
    const story = await playStory(well(), (who, what) => {
      screen.print(`   ${screen.paint(["bold", "cyan"], `agent ${who}`)} ${what}`);
    }).catch((error: unknown) => {
      faults.push(error instanceof Error ? error.message : String(error));
      return undefined;
    });
    signal.throwIfAborted();

    const hands = `${well().length} agents at work for ${seconds} s`;
    heading(screen, 3, `${hands}: search, run, batch, compose, read, update`);
    const work = Promise.allSettled(well().map((agent) => agent.work(plan)));
    await watchAgents(screen, agents, work);
    signal.throwIfAborted();

    const ends = await Promise.allSettled(well().map((agent) => agent.finish()));
    const records = ends.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
    const crashes = agents.flatMap(({ crash }) => (crash === undefined ? [] : [crash]));
    return { story, records, crashes: [...crashes, ...faults] };
  } finally {
    signal.removeEventListener("abort", endAll);
    await endAll();
  }
}
