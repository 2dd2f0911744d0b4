import { afterEach, beforeEach, expect, test } from "vitest";
import { openLibrary } from "../../index.ts";
import { temporaryDirectory } from "../../store/testing-fixtures/temporary-directory.ts";
import { startAgent } from "./agent-team.ts";
import type { AgentHandle } from "./agent-team.ts";
import { CONTESTED, COUNTERS, demoDrafts, RUNAWAYS } from "./demo-skills.ts";

let directory: ReturnType<typeof temporaryDirectory>;
let agent: AgentHandle;

beforeEach(async () => {
  directory = temporaryDirectory();
  await using library = await openLibrary(directory.path);
  await library.addMany(demoDrafts("test"));
  agent = startAgent({ agent: "A", libraryPath: directory.path, seed: 1 });
  await agent.ready;
});
afterEach(async () => {
  await agent.end();
  directory.remove();
});

const READ = { do: "read", skillId: CONTESTED } as const;

test("an agent does single calls and hands over what it wrote down", async () => {
  expect(await agent.act(READ)).toMatchObject({ did: "read", version: 1, fromCache: false });
  expect(await agent.act(READ)).toMatchObject({ did: "read", version: 1, fromCache: true });
  const change = { addTags: ["label"] };
  expect(await agent.act({ do: "commit", skillId: CONTESTED, change })).toMatchObject({
    did: "commit",
    version: 2,
  });
  expect(await agent.act({ do: "commit", skillId: CONTESTED, change: {} })).toEqual({
    did: "conflict",
    expected: 1,
    actual: 2,
  });
  const record = await agent.finish();
  expect(record).toMatchObject({ agent: "A", conflicts: 1, failures: [] });
  expect(record.commits).toMatchObject([{ skillId: CONTESTED, version: 2, operation: "A-1" }]);
  expect(record.sightings).toMatchObject([{ version: 1 }, { version: 1 }]);
  expect(agent.crash).toBeUndefined();
});

test("an agent counts its increments while it works", async () => {
  await agent.work({ durationMs: 1000, tasks: [], counters: COUNTERS, runaways: RUNAWAYS });
  const { commits, failures } = await agent.finish();
  expect(failures).toEqual([]);
  expect(commits.length).toBeGreaterThan(0);
  await using library = await openLibrary(directory.path);
  const counters = await Promise.all(COUNTERS.map((id) => library.get(id)));
  const total = counters.reduce((sum, skill) => sum + Number(skill?.metadata["count"]), 0);
  expect(total).toBe(commits.length);
});

test("an agent that dies is noticed, by whoever waits for it and by whoever asks it later", async () => {
  const work = agent.work({ durationMs: 60_000, tasks: [], counters: COUNTERS, runaways: [] });
  process.kill(agent.pid, "SIGKILL");
  await expect(work).rejects.toThrow("agent A ended with SIGKILL");
  await expect(agent.act(READ)).rejects.toThrow("agent A ended with SIGKILL");
  expect(agent.crash).toBe("agent A ended with SIGKILL");
});

test("an agent that can not go on says why", async () => {
  const unread = { do: "commit", skillId: "nowhere", change: {} } as const;
  await expect(agent.act(unread)).rejects.toThrow('Skill "nowhere" was not read yet');
  expect(agent.crash).toContain("agent A failed");
});
