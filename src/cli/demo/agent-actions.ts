/** The things an agent does in a day's work, one function each. */
import { isDeepStrictEqual } from "node:util";
import { preview } from "../../base/json.ts";
import type { Execution, Skill, SkillExample } from "../../index.ts";
import type { AgentSession } from "./agent-session.ts";
import { AGENT_WORKFLOWS } from "./agent-tasks.ts";
import type { AgentTask, AgentWorkflow } from "./agent-tasks.ts";
import { increment } from "./counter.ts";
import { pickOne } from "./seeded-random.ts";
import { applyChange } from "./skill-change.ts";
import { updateSkill } from "./update-skill.ts";

export interface Agent {
  readonly session: AgentSession;
  readonly random: () => number;
  readonly tasks: readonly AgentTask[];
  readonly counters: readonly string[];
  readonly runaways: readonly string[];
  /** Skills it has used, newest last. */
  readonly known: Set<string>;
  /** Tells what it is about to do. */
  readonly say: (doing: string) => void;
}

type Action = (agent: Agent) => Promise<void>;

const BATCH_SIZE = 20;
const READS_IN_A_ROW = 10;
const RUNAWAY_DEADLINE_MS = 200;
const MAX_DESCRIPTION = 1024;

/** What an agent does, and how often in relation to the rest. */
export const ACTIONS: readonly { readonly weight: number; readonly act: Action }[] = [
  { weight: 50, act: doTask },
  { weight: 18, act: count },
  { weight: 8, act: runBatch },
  { weight: 8, act: runWorkflow },
  { weight: 8, act: reread },
  { weight: 5, act: readMetrics },
  { weight: 2, act: improve },
  { weight: 1, act: runRunaway },
];

async function doTask(agent: Agent): Promise<void> {
  const found = await find(agent);
  if (found === undefined) return;
  const example = pickOne(usable(found.skill), agent.random);
  if (example === undefined) return;
  agent.say(`${found.skill.id}: run`);
  const execution = await agent.session.operation("run", () =>
    agent.session.run(found.skill.id, example.context),
  );
  if (execution !== undefined) check(agent, execution, example);
}

/** Searches for a task and reads the first match. */
async function find(
  agent: Agent,
): Promise<{ readonly task: AgentTask; readonly skill: Skill } | undefined> {
  const { session, random } = agent;
  const task = pickOne(agent.tasks, random);
  if (task === undefined) return undefined;
  agent.say(`search “${task.words}”`);
  const result = await session.operation("search", () => session.search(task.words));
  const match = result?.matches[0];
  session.noteSearch(match !== undefined && task.skills.includes(match.id));
  if (match === undefined) return undefined;
  const skill = await session.operation("read", () => session.get(match.id));
  if (skill === undefined) return undefined;
  agent.known.add(skill.id);
  return { task, skill };
}

/** Examples that need nobody to play the host and are not about an error. */
function usable({ code, examples }: Skill): readonly SkillExample[] {
  if (code === undefined) return [];
  return examples.filter(
    ({ error, hostCalls = [] }) => error === undefined && hostCalls.length === 0,
  );
}

/** What a skill answers to an example's context is known: its admission depended on it. */
function check({ session }: Agent, execution: Execution, example: SkillExample): void {
  const { skillId, version, status, value, error } = execution;
  const isRight =
    status === "ok" && (example.result === undefined || isDeepStrictEqual(value, example.result));
  session.noteAnswer(
    isRight
      ? undefined
      : {
          skillId,
          version,
          expected: preview(example.result),
          received: status === "ok" ? preview(value) : `${status}: ${error?.message ?? ""}`,
        },
  );
}

async function runBatch(agent: Agent): Promise<void> {
  const { session, random } = agent;
  const skills = await Promise.all([...agent.known].map((id) => session.get(id)));
  const calls = skills.flatMap((skill) =>
    skill === undefined ? [] : usable(skill).map((example) => ({ id: skill.id, example })),
  );
  const batch = Array.from({ length: BATCH_SIZE }, () => pickOne(calls, random)).filter(
    (call) => call !== undefined,
  );
  if (batch.length === 0) return;
  agent.say(`batch of ${batch.length}`);
  const items = batch.map(({ id, example }) => ({ id, context: example.context }));
  const executions = await session.operation("batch", () => session.runMany(items));
  executions?.forEach((execution, index) => {
    const example = batch[index]?.example;
    if (example !== undefined) check(agent, execution, example);
  });
}

async function runWorkflow(agent: Agent): Promise<void> {
  const workflow = pickOne(runnable(agent), agent.random);
  if (workflow === undefined) return;
  agent.say(`workflow “${workflow.name}”`);
  await agent.session.operation("compose", () =>
    agent.session.compose(workflow.steps, workflow.context),
  );
}

/** Workflows over skills that some task of this library is about. */
function runnable(agent: Agent): readonly AgentWorkflow[] {
  const present = new Set(agent.tasks.flatMap((task) => task.skills));
  present.add("describe_rows");
  return AGENT_WORKFLOWS.filter(({ steps }) => steps.every(({ skill }) => present.has(skill)));
}

async function reread(agent: Agent): Promise<void> {
  const ids = [...agent.known, ...agent.counters];
  for (let times = 0; times < READS_IN_A_ROW; times++) {
    const id = pickOne(ids, agent.random);
    if (id === undefined) return;
    agent.say(`${id}: read`);
    await agent.session.operation("read", () => agent.session.get(id));
  }
}

async function readMetrics(agent: Agent): Promise<void> {
  const id = pickOne([...agent.known], agent.random);
  if (id === undefined) return;
  agent.say(`${id}: read its record of use`);
  await agent.session.operation("metrics", async () => (await agent.session.get(id))?.metrics);
}

async function count(agent: Agent): Promise<void> {
  const { session } = agent;
  const id = pickOne(agent.counters, agent.random);
  if (id === undefined) return;
  agent.say(`${id}: count one more`);
  await session.operation("update", () =>
    updateSkill(
      session,
      id,
      (skill, operation) =>
        applyChange(skill, { metadata: increment(skill.metadata, session.agent, operation) }),
      { isIncrement: true },
    ),
  );
}

/** Teaches the library the words in which a skill was asked for. */
async function improve(agent: Agent): Promise<void> {
  const { session } = agent;
  const found = await find(agent);
  if (found === undefined || !found.task.skills.includes(found.skill.id)) return;
  const { words } = found.task;
  agent.say(`${found.skill.id}: improve its description`);
  await session.operation("update", () =>
    updateSkill(session, found.skill.id, (skill, operation) => {
      const longer = `${skill.description} Asked for as: ${words}.`;
      const isNew = !skill.description.includes(words) && longer.length <= MAX_DESCRIPTION;
      return applyChange(skill, {
        ...(isNew ? { description: longer } : {}),
        addTags: [`used-by-${session.agent.toLowerCase()}`],
        metadata: { improvedIn: operation },
      });
    }),
  );
}

async function runRunaway(agent: Agent): Promise<void> {
  const { session } = agent;
  const id = pickOne(agent.runaways, agent.random);
  if (id === undefined) return;
  agent.say(`${id}: run, ${RUNAWAY_DEADLINE_MS} ms at most`);
  const execution = await session.operation("runaway", () =>
    session.run(id, {}, RUNAWAY_DEADLINE_MS),
  );
  if (execution === undefined) return;
  session.noteRunaway({
    skillId: id,
    status: execution.status,
    deadlineMs: RUNAWAY_DEADLINE_MS,
    durationMs: execution.durationMs,
  });
}
