/**
 * What stores of skills lose when agents use them at once: this library's beside others.
 *
 * Agents count up in three skills that they share, by reading, thinking for a moment and writing, and
 * add skills of their own now and then. Each does so until its updates are acknowledged: a write that
 * is refused because somebody else came first is made again from a new read. In one process all of
 * them have the same store. In several, each process has opened it; at the end every second process
 * is killed, and the others close it. Then the store is opened once more, and compared with what was
 * acknowledged. The sides take turns for several rounds, whose counts are summed.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { workAsAgents } from "./agents.ts";
import type { AgentsLog } from "./agents.ts";
import { CONTENDERS } from "./contenders.ts";
import { SHARED } from "./counting-store.ts";
import type { Contender } from "./counting-store.ts";
import { judge } from "./judge.ts";
import type { Verdict } from "./judge.ts";

const AGENTS = Array.from({ length: 8 }, (_, at) => `agent${at}`);
const PROCESSES = 4;

interface Round extends Verdict {
  readonly ms: number;
}

async function inOne(contender: Contender, directory: string): Promise<Round> {
  const store = await contender.open(directory);
  for (const skill of SHARED) await store.add(skill);
  const beganMs = performance.now();
  const log = await workAsAgents(store, AGENTS);
  const ms = performance.now() - beganMs;
  if (!contender.isOnDisk) return { ...(await judge([log], store)), ms };
  await store.close();
  return { ...(await judgeAnew(contender, directory, [log])), ms };
}

async function inSeveral(contender: Contender, directory: string): Promise<Round> {
  const store = await contender.open(directory);
  for (const skill of SHARED) await store.add(skill);
  await store.close();
  const share = AGENTS.length / PROCESSES;
  const children = Array.from({ length: PROCESSES }, (_, at) =>
    fork(new URL("store-child.ts", import.meta.url), [
      String(CONTENDERS.indexOf(contender)),
      directory,
      ...AGENTS.slice(at * share, (at + 1) * share),
    ]),
  );
  try {
    await Promise.all(children.map(told));
    const beganMs = performance.now();
    const logs = (await Promise.all(
      children.map((child) => {
        const answer = told(child);
        child.send("go");
        return answer;
      }),
    )) as AgentsLog[];
    const ms = performance.now() - beganMs;
    await Promise.all(
      children.map((child, at) => {
        const exit = once(child, "exit");
        if (at % 2 === 1) child.kill("SIGKILL");
        else child.send("close");
        return exit;
      }),
    );
    return { ...(await judgeAnew(contender, directory, logs)), ms };
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
}

/** What a child sends next; rejects when it ends first. */
function told(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null): void =>
      reject(new Error(`A process of agents ended with ${code}`));
    child.once("exit", gone);
    child.once("message", (message) => {
      child.off("exit", gone);
      resolve(message);
    });
  });
}

async function judgeAnew(
  contender: Contender,
  directory: string,
  logs: readonly AgentsLog[],
): Promise<Verdict> {
  const store = await contender.open(directory);
  try {
    return await judge(logs, store);
  } finally {
    await store.close();
  }
}

async function inNewDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "repertoire-bench-"));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Side {
  readonly contender: Contender;
  readonly processes: number;
  readonly rounds: Round[];
}

/** Those that can be opened; says which can not. */
async function sides(): Promise<readonly Side[]> {
  const found: Side[] = [];
  for (const contender of CONTENDERS) {
    try {
      await inNewDirectory(async (directory) => (await contender.open(directory)).close());
      for (const processes of contender.isOnDisk ? [1, PROCESSES] : [1])
        found.push({ contender, processes, rounds: [] });
    } catch (error) {
      const [reason] = (error as Error).message.split("\n");
      console.log(`${contender.name} (${contender.use}) is left out: ${reason}`);
    }
  }
  return found;
}

export async function stressStores(rounds: number): Promise<void> {
  const all = await sides();
  for (let round = 0; round < rounds; round++)
    for (const { contender, processes, rounds: done } of all)
      done.push(
        await inNewDirectory((directory) =>
          processes === 1 ? inOne(contender, directory) : inSeveral(contender, directory),
        ),
      );
  console.log(
    `Stores: ${AGENTS.length} agents in one process, or in ${PROCESSES}, of which every second is killed at the end; sums of ${rounds} rounds`,
  );
  console.table(all.map(rowOf));
  for (const { contender, rounds: done } of all) {
    const error = done.find(({ firstError }) => firstError !== undefined)?.firstError;
    if (error !== undefined) console.log(`${contender.name} (${contender.use}): ${error}`);
  }
}

function rowOf({ contender, processes, rounds }: Side): object {
  const sum = (of: (round: Round) => number): number =>
    rounds.reduce((total, round) => total + of(round), 0);
  return {
    store: contender.name,
    use: contender.use,
    processes,
    acknowledged: sum(({ acknowledged }) => acknowledged),
    refused: sum(({ refused }) => refused),
    lost: sum(({ lost }) => lost),
    "stale reads": `${sum(({ stale }) => stale)} of ${sum(({ reads }) => reads)}`,
    "dropped skills": `${sum(({ dropped }) => dropped)} of ${sum(({ added }) => added)}`,
    errors: sum(({ errors }) => errors),
    ms: Math.round(sum(({ ms }) => ms) / rounds.length),
  };
}
