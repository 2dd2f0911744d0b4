import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ADVICE, BOOM, GREET } from "./example-skills.ts";
import { jsonLines, jsonOf, openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

let place: Workplace;
beforeEach(() => {
  place = openWorkplace();
});
afterEach(() => place[Symbol.dispose]());

const HASH = expect.stringMatching(/^[0-9a-f]{64}$/) as string;

function added(id: string, version: number, revision: number, more: object = {}): object {
  return { id, version, revision, contentHash: HASH, status: "active", created: true, ...more };
}
const UNCHECKED = {
  checks: [],
  warnings: ["its examples were not run: it was added with `validate: false`"],
};

describe("add", () => {
  test("stores a checked draft and prints its result", async () => {
    const result = await place.run(["add", place.write("greet.skill.json", GREET), "--json"]);
    expect({ ...result, stdout: jsonOf(result) }).toEqual({
      code: 0,
      stderr: "",
      stdout: added("greet", 1, 1, {
        checks: [
          { name: "structure", passed: true, durationMs: expect.any(Number) },
          { name: "example:0", passed: true, durationMs: expect.any(Number) },
        ],
        warnings: [],
      }),
    });
  });

  test("says in words what it did, and repeats nothing for the same content", async () => {
    const file = place.write("greet.skill.json", GREET);
    expect(await place.run(["add", file])).toEqual({
      code: 0,
      stdout: "✓ added greet version 1 (active, 2 checks passed)\n",
      stderr: "",
    });
    expect(await place.run(["add", file])).toEqual({
      code: 0,
      stdout: "✓ unchanged greet version 1 (active, 2 checks passed)\n",
      stderr: "",
    });
  });

  test("takes arrays, JSON Lines and stdin together, in the order they are named", async () => {
    place.write("two.json", [GREET, BOOM]);
    const stdin = `${JSON.stringify(ADVICE)}\n`;
    const result = await place.run(["add", "two.json", "-", "--no-validate", "--json"], { stdin });
    expect(result.code).toBe(0);
    expect(jsonLines(result)).toEqual([
      added("greet", 1, 1, UNCHECKED),
      added("boom", 1, 2, UNCHECKED),
      added("advice", 1, 3, UNCHECKED),
    ]);
  });

  test("reports a malformed line with its place and stores the others", async () => {
    const lines = [JSON.stringify(GREET), '{"id": oops}', JSON.stringify(BOOM)].join("\n");
    place.write("drafts.jsonl", lines);
    const result = await place.run(["add", "drafts.jsonl", "--no-validate", "--json"]);
    expect(result.code).toBe(4);
    expect(jsonLines(result)).toEqual([
      added("greet", 1, 1, UNCHECKED),
      {
        file: "drafts.jsonl",
        line: 2,
        error: {
          code: "INVALID_INPUT",
          message: 'drafts.jsonl:2:8 is not JSON: unexpected "oops}"',
          details: { file: "drafts.jsonl", line: 2, column: 8 },
        },
      },
      added("boom", 1, 2, UNCHECKED),
    ]);
    expect(result.stderr).toBe('error: drafts.jsonl:2:8 is not JSON: unexpected "oops}"\n');
  });

  test("exits by the first failure of several", async () => {
    place.write("greet.json", GREET);
    await place.run(["add", "greet.json"]);
    place.write("changed.json", { ...GREET, description: "Another one." });
    const result = await place.run(["add", "changed.json", "missing.json", "--json"]);
    expect(result.code).toBe(6);
    expect(jsonLines(result)).toEqual([
      {
        id: "greet",
        file: "changed.json",
        error: {
          code: "VERSION_CONFLICT",
          message:
            'Expected skill "greet" not to exist yet, but it is at version 1; both changed description; read it again, merge, and retry with expectedVersion 1',
          details: {
            skillId: "greet",
            expected: 0,
            actual: 1,
            actualHash: HASH,
            reason: "exists",
            yourHash: HASH,
            changes: [
              {
                field: "description",
                change: "conflict",
                theirs: GREET.description,
                yours: "Another one.",
              },
            ],
          },
        },
      },
      {
        file: "missing.json",
        error: {
          code: "INVALID_INPUT",
          message: "missing.json can not be read: there is no such file",
          details: { file: "missing.json" },
        },
      },
    ]);
  });

  test("writes on top of the version that is expected, with author and message", async () => {
    place.write("greet.json", GREET);
    await place.run(["add", "greet.json"]);
    place.write("changed.json", { ...GREET, description: "Another one." });
    const who = ["--author", "ada", "--message", "clearer"];
    const result = await place.run([
      "add",
      "changed.json",
      "--expected-version",
      "1",
      ...who,
      "--json",
    ]);
    expect(jsonOf(result)).toMatchObject({ id: "greet", version: 2, created: true });
    const version = jsonOf(await place.run(["version", "greet", "--json"]));
    expect(version).toMatchObject({ version: 2, author: "ada", message: "clearer" });
    const any = place.write("any.json", { ...GREET, description: "A third one." });
    expect((await place.run(["add", any, "--expected-version", "any"])).code).toBe(0);
  });

  test("stores nothing of a draft that is wrong, or whose example does not hold", async () => {
    place.write("wrong.json", [
      { ...GREET, tag: ["x"] },
      { ...GREET, examples: [{ context: { name: "Ada" }, result: "Goodbye" }] },
    ]);
    const result = await place.run(["add", "wrong.json", "--json"]);
    expect(result.code).toBe(4);
    expect(jsonLines(result)).toMatchObject([
      { id: "greet", file: "wrong.json", index: 0, error: { code: "INVALID_DRAFT" } },
      { id: "greet", file: "wrong.json", index: 1, error: { code: "VALIDATION_FAILED" } },
    ]);
    expect(result.stderr).toMatch(/^error: wrong\.json\[0\].*greet/);
    expect(result.stderr).toMatch(/^error: wrong\.json\[1\].*greet/m);
    expect(result.stderr).toContain("did you mean `tags`?");
    expect(result.stderr).toContain('expected "Goodbye", got "Hello Ada"');
    expect((await place.run(["list", "--json"])).stdout).toBe("");
  });

  test("takes an Agent Skills folder, and says which of its files it left out", async () => {
    mkdirSync(join(place.directory, "polite", "scripts"), { recursive: true });
    place.write(
      "polite/SKILL.md",
      "---\nname: polite\ndescription: |\n  How to be polite.\nallowed-tools: [Read]\n---\n# Say please\n",
    );
    const result = await place.run(["add", "polite", "--json"]);
    expect(result.code).toBe(0);
    expect(result.stderr).toBe(
      "warning: polite: the library keeps no files, so these were left out: scripts\n",
    );
    expect(jsonOf(await place.run(["get", "polite", "--json"]))).toMatchObject({
      id: "polite",
      name: "polite",
      description: "How to be polite.",
      category: "agent-skill",
      instructions: "# Say please",
      metadata: { "allowed-tools": ["Read"] },
    });
    mkdirSync(join(place.directory, "empty"));
    expect(await place.run(["add", "empty"])).toEqual({
      code: 4,
      stdout: "",
      stderr: "error: empty has no SKILL.md; give a draft's file, or an Agent Skills folder\n",
    });
  });

  test("adds the starter skills, all of which pass their checks", async () => {
    const result = await place.run(["add", "--starter", "--json"]);
    expect(result.code).toBe(0);
    const outcomes = jsonLines(result) as {
      id: string;
      status: string;
      checks: { passed: boolean }[];
    }[];
    expect(outcomes.length).toBeGreaterThanOrEqual(30);
    expect(
      outcomes.filter(
        ({ status, checks }) => status !== "active" || checks.some(({ passed }) => !passed),
      ),
    ).toEqual([]);
    const again = jsonLines(await place.run(["add", "--starter", "--json"])) as {
      created: boolean;
    }[];
    expect(again.filter(({ created }) => created)).toEqual([]);
  });

  test("names the line and the id of what it refuses", async () => {
    const lines = [GREET, { ...GREET, id: "worse", code: "export default (" }];
    place.write("drafts.jsonl", lines.map((line) => JSON.stringify(line)).join("\n"));
    const { code, stderr } = await place.run(["add", "drafts.jsonl"]);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^error: drafts\.jsonl:2.*worse/);
  });

  test("refuses a file without drafts", async () => {
    const message = (name: string): string =>
      `error: ${name} holds no drafts; expected one at least\n`;
    expect(await place.run(["add", place.write("none.json", [])])).toEqual({
      code: 4,
      stdout: "",
      stderr: message("none.json"),
    });
    expect(await place.run(["add", place.write("none.jsonl", "\n")])).toEqual({
      code: 4,
      stdout: "",
      stderr: message("none.jsonl"),
    });
  });

  test("is a usage error without anything to add", async () => {
    expect(await place.run(["add"])).toEqual({
      code: 2,
      stdout: "",
      stderr: 'error: Nothing to add: name files, "-" for standard input, or --starter\n',
    });
  });
});

test("four processes add to a new library at once, and all of them succeed", async () => {
  const agents = ["a", "b", "c", "d"];
  for (const agent of agents)
    place.write(
      `${agent}.json`,
      [1, 2, 3].map((number) => ({ ...GREET, id: `${agent}_${number}` })),
    );
  const results = await Promise.all(
    agents.map((agent) => place.run(["add", `${agent}.json`, "--json"])),
  );
  expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    agents.map(() => ({ code: 0, stderr: "" })),
  );
  const revisions = results
    .flatMap(jsonLines)
    .map((line) => (line as { revision: number }).revision);
  expect(revisions.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  const listed = jsonLines(await place.run(["list", "--json"])) as { id: string }[];
  expect(listed.map(({ id }) => id)).toEqual(
    agents.flatMap((agent) => [1, 2, 3].map((number) => `${agent}_${number}`)),
  );
  const { search, revision } = jsonOf(await place.run(["stats", "--json"])) as {
    revision: number;
    search: { revision: number; skills: number };
  };
  expect({ revision, search }).toMatchObject({
    revision: 12,
    search: { revision: 12, skills: 12 },
  });
});
