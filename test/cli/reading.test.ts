import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADVICE, BOOM, GREET } from "./example-skills.ts";
import { jsonLines, jsonOf, openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

let place: Workplace;
beforeAll(async () => {
  place = openWorkplace();
  place.write("skills.json", [GREET, BOOM, ADVICE]);
  await place.run(["add", "skills.json"]);
  await place.run(["run", "greet", "--context", '{"name":"Ada"}']);
  await place.run(["run", "boom"]);
});
afterAll(() => place[Symbol.dispose]());

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
const HASH = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
const NUMBER = expect.any(Number) as number;

const GREET_SUMMARY = {
  id: "greet",
  version: 1,
  name: GREET.name,
  description: GREET.description,
  category: "text",
  tags: ["hello"],
  status: "active",
  executable: true,
  updatedAt: TIME,
};

describe("get", () => {
  test("prints the skill with the evidence of its runs", async () => {
    const result = await place.run(["get", "greet", "--json"]);
    const metrics = {
      uses: 1,
      successes: 1,
      failures: {},
      successRate: 1,
      meanMs: NUMBER,
      p50Ms: NUMBER,
      p95Ms: NUMBER,
      lastUsedAt: TIME,
      lastFailures: [],
    };
    expect({ ...result, stdout: jsonOf(result) }).toEqual({
      code: 0,
      stderr: "",
      stdout: {
        ...GREET,
        version: 1,
        revision: 1,
        contentHash: HASH,
        status: "active",
        language: "javascript",
        capabilities: { tools: [], skills: [], fetch: [] },
        limits: {},
        metadata: {},
        checks: [
          { name: "structure", passed: true, durationMs: NUMBER },
          { name: "example:0", passed: true, durationMs: NUMBER },
        ],
        createdAt: TIME,
        metrics,
        versionMetrics: metrics,
      },
    });
  });

  test("prints the source text alone with --code", async () => {
    expect(await place.run(["get", "greet", "--code"])).toEqual({
      code: 0,
      stdout: GREET.code,
      stderr: "",
    });
    expect(await place.run(["get", "advice", "--code"])).toEqual({
      code: 4,
      stdout: "",
      stderr: 'error: Skill "advice" has instructions and no code; leave out --code to read them\n',
    });
  });

  test("shows a skill in words, without colours in a pipe and with them when forced", async () => {
    const plain = await place.run(["get", "greet"]);
    expect(plain.code).toBe(0);
    expect(plain.stdout).toContain("description  Greets a person by name.");
    expect(plain.stdout).toContain("checks       2 of 2 passed");
    expect(plain.stdout).toContain(GREET.code);
    expect(plain.stdout).not.toContain("\u001B");
    const coloured = await place.run(["get", "greet"], { env: { FORCE_COLOR: "1" } });
    expect(coloured.stdout).toContain("\u001B[32mactive\u001B[39m");
    const none = await place.run(["get", "greet"], { env: { NO_COLOR: "1" } });
    expect(none.stdout).toBe(plain.stdout);
  });

  test("does not find what is not there, and says what is like it", async () => {
    const result = await place.run(["get", "gret", "--json"]);
    expect(result.code).toBe(3);
    expect(jsonOf(result)).toMatchObject({
      error: { code: "SKILL_NOT_FOUND", details: { skillId: "gret", similar: ["greet"] } },
    });
    expect(result.stderr).toBe('error: There is no skill "gret"; did you mean greet?\n');
    expect(await place.run(["get", "greet", "--version", "7"])).toEqual({
      code: 3,
      stdout: "",
      stderr: 'error: There is no version 7 of skill "greet"; the current one is 1\n',
    });
  });
});

describe("list", () => {
  test("prints summaries in order, as JSON Lines", async () => {
    const result = await place.run(["list", "--json"]);
    expect(jsonLines(result)).toEqual([
      {
        ...GREET_SUMMARY,
        id: "advice",
        name: ADVICE.name,
        description: ADVICE.description,
        category: "general",
        tags: [],
        executable: false,
      },
      {
        ...GREET_SUMMARY,
        id: "boom",
        name: BOOM.name,
        description: BOOM.description,
        category: "general",
        tags: [],
      },
      GREET_SUMMARY,
    ]);
  });

  test("filters and pages", async () => {
    const ids = async (...args: string[]): Promise<unknown[]> =>
      jsonLines(await place.run(["list", "--json", ...args])).map(
        (line) => (line as { id: string }).id,
      );
    expect(await ids("--category", "text")).toEqual(["greet"]);
    expect(await ids("--tag", "hello", "--tag", "nope")).toEqual([]);
    expect(await ids("--status", "draft")).toEqual([]);
    expect(await ids("--limit", "1", "--after", "advice")).toEqual(["boom"]);
  });

  test("is a table for people", async () => {
    const { stdout, stderr } = await place.run(["list", "--category", "text"]);
    expect(stdout).toBe(
      `ID     VERSION  STATUS  CATEGORY  DESCRIPTION\ngreet        1  active  text      ${GREET.description}\n`,
    );
    expect(stderr).toBe("1 skill\n");
  });
});

describe("search", () => {
  test("prints the result, with how it was found", async () => {
    const result = await place.run([
      "search",
      "welcome a person by name",
      "--limit",
      "1",
      "--json",
    ]);
    expect(result.code).toBe(0);
    expect(jsonOf(result)).toEqual({
      matches: [
        {
          ...GREET_SUMMARY,
          score: NUMBER,
          scoreParts: { keyword: NUMBER, vector: NUMBER, learned: 0, outcome: NUMBER },
          successRate: 1,
          uses: 1,
        },
      ],
      mode: "hybrid",
      embedder: expect.any(String) as string,
      revision: 3,
      confident: true,
    });
  });

  test("keeps to the filters", async () => {
    const ids = async (...args: string[]): Promise<unknown[]> => {
      const { matches } = jsonOf(await place.run(["search", "error", "--json", ...args])) as {
        matches: { id: string }[];
      };
      return matches.map(({ id }) => id);
    };
    expect(await ids("--min-success-rate", "0.5")).toEqual(["greet"]);
    expect(await ids("--category", "text", "--tag", "hello")).toEqual(["greet"]);
  });

  test("is a table for people", async () => {
    const { stdout, stderr } = await place.run(["search", "welcome", "--category", "text"]);
    expect(stdout).toContain("greet        1    100 %  text      Greets a person");
    expect(stderr).toContain("1 skill, found by hybrid search");
  });

  test("refuses an empty query", async () => {
    expect((await place.run(["search", " "])).code).toBe(4);
  });
});

describe("stats and runs", () => {
  test("stats counts skills and runs", async () => {
    const result = await place.run(["stats", "--json"]);
    expect(jsonOf(result)).toMatchObject({
      path: place.library,
      revision: 3,
      skills: {
        total: 3,
        byStatus: { draft: 0, active: 3, deprecated: 0, failed: 0, quarantined: 0 },
      },
      versions: 3,
      runs: { runs: 2, byStatus: { ok: 1, error: 1 }, pending: 0, dropped: 0 },
      search: {
        revision: 3,
        skills: 3,
        activity: { threaded: false, builds: 0, rejectedPacks: 0, replacedThreads: 0 },
      },
      locks: { held: 0, heldByAll: { leases: 0, claims: 0 } },
      learning: { enabled: true, uses: 0, pending: 0 },
    });
    const { stdout } = await place.run(["stats"]);
    expect(stdout).toMatch(/^runs +2 \(/m);
    expect(stdout).toMatch(/^index work +on the main thread$/m);
    expect(stdout).toMatch(/^locks held +none$/m);
  });

  test("runs lists the newest first, and filters", async () => {
    const all = jsonOf(await place.run(["runs", "--json"])) as {
      skillId: string;
      status: string;
    }[];
    expect(all.map(({ skillId, status }) => [skillId, status])).toEqual([
      ["boom", "error"],
      ["greet", "ok"],
    ]);
    const some = jsonOf(
      await place.run(["runs", "--json", "--status", "ok", "--skill", "greet", "--limit", "5"]),
    );
    expect(some).toEqual([
      {
        runId: expect.any(String) as string,
        skillId: "greet",
        version: 1,
        status: "ok",
        logs: [],
        logsDropped: 0,
        startedAt: TIME,
        durationMs: NUMBER,
        cpuMs: NUMBER,
        hostCalls: 0,
        engine: expect.stringContaining("@") as string,
        journal: "kept",
      },
    ]);
    const table = await place.run(["runs"]);
    expect(table.stdout).toContain("boom@1");
    expect(table.stdout).toContain("TypeError: no such thing");
  });
});
