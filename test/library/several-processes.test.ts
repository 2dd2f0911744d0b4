import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLibrary } from "../../src/library/open-library.ts";
import { temporaryDirectory } from "../../src/store/testing-fixtures/temporary-directory.ts";
import { stressProcesses } from "../../src/testing/stress/stress-processes.ts";
import type { LibraryAnswer, LibraryCall } from "../support/library-process.ts";
import { noteDraft, skillDraft } from "../support/skill-draft.ts";

const PROGRAM = fileURLToPath(new URL("../support/library-process.ts", import.meta.url));

let directory: ReturnType<typeof temporaryDirectory>;
let children: ChildProcess[];

beforeEach(() => {
  directory = temporaryDirectory();
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  directory.remove();
});

function start(task: string, count = 0): ChildProcess {
  const child = fork(PROGRAM, [directory.path, task, String(count)], { execArgv: [] });
  children.push(child);
  return child;
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const [message] = (await once(child, "message")) as [unknown];
  return message;
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode;
}

async function startServing(): Promise<
  (...call: [LibraryCall["method"], ...unknown[]]) => Promise<unknown>
> {
  const child = start("serve");
  expect(await nextMessage(child)).toBe("ready");
  return async (method, ...args) => {
    child.send({ method, args } satisfies LibraryCall);
    const answer = (await nextMessage(child)) as LibraryAnswer;
    return answer.ok ? answer.value : answer.code;
  };
}

function expectSound(): void {
  for (const name of ["library.sqlite", "runs.sqlite"]) {
    const database = new DatabaseSync(join(directory.path, name));
    expect(database.prepare("PRAGMA integrity_check").all()).toMatchObject([
      { integrity_check: "ok" },
    ]);
    database.close();
  }
}

test("a read sees at once what another process has acknowledged", async () => {
  await using reader = await openLibrary({ path: directory.path, sandbox: { workers: 1 } });
  const other = await startServing();
  const constant = (value: number) =>
    skillDraft("constant", { code: `export default () => ${value};`, examples: [] });
  const seen = async (): Promise<unknown> => [
    (await reader.get("constant"))?.version,
    (await reader.search("constant")).matches.map(({ id }) => id),
    (await reader.execute("constant")).value,
  ];
  expect(await seen()).toStrictEqual([undefined, [], undefined]);
  await other("add", constant(1));
  expect(await seen()).toStrictEqual([1, ["constant"], 1]);
  await other("add", constant(2), { expectedVersion: 1 });
  expect(await seen()).toStrictEqual([2, ["constant"], 2]);
  await other("rollback", "constant", 1);
  expect(await seen()).toStrictEqual([3, ["constant"], 1]);
  await other("setStatus", "constant", "deprecated");
  expect(await seen()).toStrictEqual([3, [], 1]);
  await other("remove", "constant");
  expect(await seen()).toStrictEqual([undefined, [], undefined]);
  // And the other way round.
  await reader.add(constant(5));
  expect(await other("add", constant(6))).toBe("VERSION_CONFLICT");
  expect(await other("execute", "constant")).toMatchObject({ version: 4, value: 5 });
  expect(await other("search", "constant")).toMatchObject({ matches: [{ version: 4 }] });
});

test("processes that count on the same skill lose no update and see no stale one", async () => {
  const workers = Array.from({ length: 3 }, () => start("increment", 40));
  expect(await Promise.all(workers.map(exitCode))).toStrictEqual([0, 0, 0]);
  await using library = await openLibrary(directory.path);
  const history = await library.getVersionHistory("counter");
  expect(history.map(({ instructions }) => Number.parseInt(instructions ?? "", 10))).toStrictEqual(
    Array.from({ length: 120 }, (_, n) => n + 1),
  );
  expectSound();
});

test("processes that update the same skill lose no update", async () => {
  await using library = await openLibrary({ path: directory.path, sandbox: { workers: 1 } });
  await library.add(noteDraft("counter", "0"));
  const workers = Array.from({ length: 4 }, () => start("update", 25));
  expect(await Promise.all(workers.map(exitCode))).toStrictEqual([0, 0, 0, 0]);
  const history = await library.getVersionHistory("counter");
  expect(history.map(({ instructions }) => Number(instructions))).toStrictEqual(
    Array.from({ length: 101 }, (_, n) => n),
  );
  const byProcess = Map.groupBy(history.slice(1), ({ author }) => author);
  expect([...byProcess.values()].map(({ length }) => length)).toStrictEqual([25, 25, 25, 25]);
  expectSound();
});

test("of processes that write on the same condition, one succeeds and the others conflict", async () => {
  await using library = await openLibrary({ path: directory.path, sandbox: { workers: 1 } });
  const others = await Promise.all([startServing(), startServing(), startServing()]);
  const race = async (...call: Parameters<(typeof others)[number]>): Promise<number> => {
    const outcomes = await Promise.all(others.map((other) => other(...call)));
    const won = outcomes.filter((each) => typeof each === "object");
    const lost = outcomes.filter((each) => each === "VERSION_CONFLICT");
    expect(lost).toHaveLength(outcomes.length - won.length);
    return won.length;
  };
  await library.add(noteDraft("race", "one"));
  await library.add(noteDraft("race", "two"), { expectedVersion: 1 });
  expect(await race("rollback", "race", 1, { expectedVersion: 2 })).toBe(3);
  expect((await library.getVersionHistory("race")).length).toBe(3);
  // What writes the same is no conflict, so from here on each writes something of its own.
  let text = 0;
  const contest = async (
    call: (other: (typeof others)[number], own: string) => Promise<unknown>,
  ): Promise<number> => {
    const outcomes = await Promise.all(others.map((other) => call(other, `own ${(text += 1)}`)));
    expect(outcomes.filter((each) => each === "VERSION_CONFLICT")).toHaveLength(2);
    return outcomes.findIndex((each) => typeof each === "object");
  };
  const added = await contest((other, own) =>
    other("add", noteDraft("race", own), { expectedVersion: 3 }),
  );
  expect((await library.get("race"))?.instructions).toBe(`own ${added + 1}`);
  const imported = await Promise.all(
    others.map((other, n) =>
      other("addMany", [noteDraft("race", `import ${n}`), noteDraft(`by-${n}`)], {
        expectedVersion: [4, 0],
      }),
    ),
  );
  expect(
    imported
      .map((outcomes) => (outcomes as { ok: boolean }[]).map(({ ok }) => ok).join())
      .toSorted(),
  ).toStrictEqual(["false,true", "false,true", "true,true"]);
  await contest((other, own) =>
    other("setStatus", "race", "deprecated", {
      expectedVersion: 5,
      expectedStatus: "active",
      reason: own,
    }),
  );
  const removals = await Promise.all(
    others.map((other) => other("remove", "race", { expectedVersion: 5 })),
  );
  expect(removals.filter((each) => each === "SKILL_NOT_FOUND")).toHaveLength(2);
  await library.add(skillDraft("echo"));
  const flow = { id: "flow", name: "Flow", steps: ["echo"] };
  await contest((other, own) => other("saveWorkflow", { ...flow, description: own }));
});

test("what processes are told fits one order, whoever of them is killed or paused", async () => {
  const report = await stressProcesses({
    module: new URL("../../scripts/torture/library-subject.ts", import.meta.url),
    argument: directory.path,
    seed: 4,
    durationMs: 5000,
    processes: 3,
    mix: {
      add: 20,
      update: 15,
      rollback: 5,
      status: 6,
      remove: 3,
      get: 30,
      search: 10,
      execute: 10,
    },
    kills: 2,
    pauses: 2,
    maxPauseMs: 400,
    onKilled: async () => expectSound(),
  });
  expect(report.findings).toStrictEqual([]);
  expect(report).toMatchObject({ isSound: true, lostWrites: 0, staleReads: 0 });
  expect(report.kills).toBeGreaterThan(0);
  expectSound();
}, 120_000);

test("processes that create the library at the same moment share it", async () => {
  const workers = Array.from({ length: 3 }, () => start("create"));
  await Promise.all(workers.map(nextMessage));
  for (const worker of workers) worker.send("go");
  expect(await Promise.all(workers.map(exitCode))).toStrictEqual([0, 0, 0]);
  await using library = await openLibrary(directory.path);
  expect((await library.list()).map(({ id }) => id).toSorted()).toStrictEqual(
    workers.map(({ pid }) => `by-${pid}`).toSorted(),
  );
  expect((await library.search("note")).matches).toHaveLength(3);
});

test("a process that just ends has recorded every run, and ends by itself", async () => {
  const first = await openLibrary(directory.path);
  await first.add(skillDraft("echo"));
  await first.close();
  const child = start("run-and-end", 25);
  child.disconnect();
  expect(await exitCode(child)).toBe(0);
  await using library = await openLibrary(directory.path);
  expect((await library.get("echo"))?.metrics).toMatchObject({ uses: 25, successes: 25 });
});

test("a process that used the synchronous twins and closed nothing ends by itself", async () => {
  const child = start("use-twins-and-end");
  expect(await nextMessage(child)).toStrictEqual({ n: 1 });
  child.disconnect();
  expect(await exitCode(child)).toBe(0);
  await using library = await openLibrary(directory.path);
  expect((await library.get("twin"))?.metrics.uses).toBe(1);
});

test("a killed process loses the runs of its last moments at most, and damages nothing", async () => {
  const first = await openLibrary(directory.path);
  await first.add(skillDraft("echo"));
  await first.add(noteDraft("note"));
  await first.close();
  const child = start("run-for-ever");
  let acknowledged = 0;
  child.on("message", () => (acknowledged += 1));
  await nextMessage(child);
  await wait(300);
  const settled = acknowledged;
  // The window is 200 ms; the rest is for a machine that is busy.
  await wait(1500);
  child.kill("SIGKILL");
  await exitCode(child);
  await using library = await openLibrary(directory.path);
  const { runs } = await library.stats();
  expect(settled).toBeGreaterThan(0);
  expect(runs.runs).toBeGreaterThanOrEqual(settled);
  expect((await library.get("echo"))?.metrics.uses).toBe(runs.runs);
  expect(await library.listRuns({ limit: 10_000 })).toHaveLength(Math.min(runs.runs, 10_000));
  expectSound();
});
