/** Progress while it happens: on a terminal redrawn in place, elsewhere a plain line now and then. */
import type { AgentHandle } from "./agent-team.ts";
import { machineNowMs } from "./machine-clock.ts";
import type { Screen } from "./screen.ts";

const REDRAW_MS = 120;
const PLAIN_LINE_MS = 2000;
const BAR = 30;

export interface ProgressBar {
  /** @param text what has come of it so far */
  update(done: number, total: number, text: string): void;
  end(): void;
}

export function progressBar(screen: Screen): ProgressBar {
  let shownMs = machineNowMs();
  return {
    update(done, total, text) {
      const now = machineNowMs();
      if (now - shownMs < (screen.isLive ? REDRAW_MS : PLAIN_LINE_MS)) return;
      shownMs = now;
      const filled = Math.round((BAR * done) / total);
      const bar = `${"█".repeat(filled)}${"░".repeat(BAR - filled)}`;
      if (screen.isLive) screen.live([`${screen.paint("cyan", bar)} ${done}/${total}  ${text}`]);
      else screen.print(`${done} of ${total}: ${text}`);
    },
    end() {
      screen.live([]);
    },
  };
}

/** Shows the agents until the work is over. */
export async function watchAgents(
  screen: Screen,
  agents: readonly AgentHandle[],
  work: Promise<unknown>,
): Promise<void> {
  const startedMs = machineNowMs();
  const timer = setInterval(
    () => {
      const elapsed = (machineNowMs() - startedMs) / 1000;
      if (screen.isLive) screen.live(agents.map((agent) => agentLine(agent, screen)));
      else screen.print(totalLine(agents, elapsed));
    },
    screen.isLive ? REDRAW_MS : PLAIN_LINE_MS,
  );
  try {
    await work;
  } finally {
    clearInterval(timer);
    screen.live([]);
  }
}

function agentLine({ agent, pid, progress, crash }: AgentHandle, { paint }: Screen): string {
  const { operations, commits, conflicts, doing } = progress;
  const counts = `${String(operations).padStart(5)} operations ${String(commits).padStart(4)} commits ${String(conflicts).padStart(3)} conflicts`;
  const state = crash === undefined ? paint("dim", doing) : paint("red", crash);
  return `${paint(["bold", "cyan"], `agent ${agent}`)} ${paint("dim", `pid ${pid}`)} ${counts}  ${state}`;
}

function totalLine(agents: readonly AgentHandle[], elapsedSeconds: number): string {
  const sum = (figure: (agent: AgentHandle) => number): number =>
    agents.reduce((total, agent) => total + figure(agent), 0);
  return [
    `${elapsedSeconds.toFixed(0)} s`,
    `${sum(({ progress }) => progress.operations)} operations`,
    `${sum(({ progress }) => progress.commits)} commits`,
    `${sum(({ progress }) => progress.conflicts)} conflicts`,
  ].join(", ");
}
