import { ACTIONS } from "./agent-actions.ts";
import type { Agent } from "./agent-actions.ts";
import type { AgentProgress, WorkPlan } from "./agent-messages.ts";
import type { AgentSession } from "./agent-session.ts";
import { machineNowMs } from "./machine-clock.ts";

export interface WorkHost {
  readonly session: AgentSession;
  readonly random: () => number;
  readonly onProgress: (progress: AgentProgress) => void;
}

const PROGRESS_EVERY_MS = 200;
const TOTAL_WEIGHT = ACTIONS.reduce((sum, { weight }) => sum + weight, 0);

/** Does one thing after the other, as chance has it, until the time is over. */
export async function workUntilDone(plan: WorkPlan, host: WorkHost): Promise<void> {
  const { session, random, onProgress } = host;
  const { tasks, counters, runaways, durationMs } = plan;
  let doing = "";
  const tell = (): void => onProgress({ ...session.counts, doing });
  const timer = setInterval(tell, PROGRESS_EVERY_MS);
  const say = (what: string): void => {
    doing = what;
  };
  const agent: Agent = { session, random, tasks, counters, runaways, known: new Set(), say };
  const endMs = machineNowMs() + durationMs;
  while (machineNowMs() < endMs) await chooseAction(random())(agent);
  say("done");
  clearInterval(timer);
  tell();
}

function chooseAction(chance: number): (agent: Agent) => Promise<void> {
  let left = chance * TOTAL_WEIGHT;
  const chosen = ACTIONS.find(({ weight }) => (left -= weight) < 0) ?? ACTIONS[0];
  return chosen?.act ?? (() => Promise.resolve());
}
