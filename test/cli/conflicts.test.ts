import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GREET } from "./example-skills.ts";
import { jsonLines, jsonOf, openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

let place: Workplace;
const THEIRS = {
  ...GREET,
  description: "Greets a person politely.",
  code: "// Politely.\nexport default ({ name }) => `Hello ${name}`;\n",
};
const MINE = { ...GREET, description: "Greets anybody.", tags: ["words"] };

beforeAll(async () => {
  place = openWorkplace();
  place.write("first.json", GREET);
  place.write("theirs.json", THEIRS);
  place.write("mine.json", MINE);
  await place.run(["add", "first.json"]);
  await place.run(["add", "theirs.json", "--expected-version", "1"]);
});
afterAll(() => place[Symbol.dispose]());

describe("a conflict", () => {
  test("says what changed on either side, for people and for programs", async () => {
    const adding = ["add", "mine.json", "--expected-version", "1"];
    const refused = await place.run(adding);
    expect(refused.code).toBe(6);
    expect(refused.stdout).toBe("");
    expect(refused.stderr).toBe(
      `error: mine.json: Expected skill "greet" at version 1, but it is at version 2; both changed description; they changed code; you changed tags; read it again, merge, and retry with expectedVersion 2
  description: both changed it
    base    ${GREET.description}
    theirs  Greets a person politely.
    yours   Greets anybody.
  tags: you changed it
    base    ${JSON.stringify(GREET.tags ?? [])}
    yours   ["words"]
  code: they changed it
    theirs
      @@ -1 +1 @@
      +// Politely.
       export default ({ name }) => \`Hello \${name}\`;
`,
    );
    const [document] = jsonLines(await place.run([...adding, "--json"])) as [
      { error: { code: string; details: { changes: { field: string; change: string }[] } } },
    ];
    expect(document.error).toMatchObject({
      code: "VERSION_CONFLICT",
      details: { skillId: "greet", expected: 1, actual: 2, reason: "changed" },
    });
    expect(
      document.error.details.changes.map(({ field, change }) => [field, change]),
    ).toStrictEqual([
      ["description", "conflict"],
      ["tags", "yours"],
      ["code", "theirs"],
    ]);
  });

  test("of a status, a rollback or a removal says so too", async () => {
    for (const command of [
      ["status", "greet", "failed"],
      ["rollback", "greet", "1"],
      ["remove", "greet"],
    ]) {
      const refused = await place.run([...command, "--expected-version", "1"]);
      expect(refused.code).toBe(6);
      expect(refused.stderr).toContain("code: they changed it\n");
    }
    const known = ["--expected-version", "2", "--expected-status", "failed"];
    const refused = await place.run(["status", "greet", "deprecated", ...known]);
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain("at version 2 to be failed, but it is active;");
  });

  test("is decided for each item that says which version it expects", async () => {
    place.write("items.json", [
      { draft: { ...MINE, id: "new" }, expectedVersion: 0 },
      { draft: MINE, expectedVersion: 1 },
      { draft: { ...MINE, id: "other" } },
      { draft: MINE, expectedVersion: -1 },
      { draft: MINE, expected: 1 },
    ]);
    const added = await place.run(["add", "items.json", "--json"]);
    expect(
      jsonLines(added).map((line) => {
        const { id, error } = line as { id?: string; error?: { code: string } };
        return [id, error?.code];
      }),
    ).toStrictEqual([
      ["new", undefined],
      ["greet", "VERSION_CONFLICT"],
      ["other", undefined],
      [undefined, "INVALID_INPUT"],
      [undefined, "INVALID_INPUT"],
    ]);
    place.write("next.json", { draft: { ...MINE, code: THEIRS.code }, expectedVersion: 2 });
    expect(jsonOf(await place.run(["add", "next.json", "--json"]))).toMatchObject({ version: 3 });
  });

  test("keeps a workflow from being saved over another", async () => {
    const saving = ["compose", "new", "--save", "flow", "--description"];
    expect((await place.run([...saving, "Greets"])).code).toBe(0);
    const again = [...saving, "Greets once more"];
    expect((await place.run(again)).code).toBe(6);
    const saved = await place.run([...again, "--expected-version", "1", "--json"]);
    expect(jsonOf(saved)).toMatchObject({ version: 2 });
    expect((await place.run(["compose", "new", "--expected-version", "1"])).code).toBe(2);
  });
});

async function brief(...command: string[]): Promise<unknown> {
  return jsonLines(await place.run([...command, "--at", "1", "--json"]));
}

test("reading commands show the library as it was at a revision", async () => {
  expect(await brief("get", "greet")).toMatchObject([
    { version: 1, description: GREET.description },
  ]);
  expect(await brief("list")).toMatchObject([{ id: "greet", version: 1 }]);
  expect(await brief("version", "greet")).toMatchObject([{ version: 1 }]);
  expect(await brief("history", "greet")).toMatchObject([[{ version: 1 }]]);
  expect(await brief("search", "greets a person")).toMatchObject([
    { revision: 1, matches: [{ id: "greet", version: 1 }] },
  ]);
  expect((await place.run(["get", "new", "--at", "1"])).code).toBe(3);
  expect((await place.run(["diff", "greet", "1", "2", "--at", "1"])).code).toBe(3);
  expect((await place.run(["get", "greet", "--at", "999"])).code).toBe(4);
  expect((await place.run(["get", "greet", "--at", "-1"])).code).toBe(2);
});

test("commands that run skills run them as they were at a revision", async () => {
  expect(await brief("run", "greet", "--context", '{"name":"Ada"}')).toMatchObject([
    { version: 1, status: "ok" },
  ]);
  expect(await brief("compose", "greet", "--context", '{"name":"Ada"}')).toMatchObject([
    { steps: [{ version: 1, status: "ok" }] },
  ]);
  place.write("batch.jsonl", { id: "greet", context: { name: "Ada" } });
  expect(await brief("batch", "batch.jsonl")).toMatchObject([{ version: 1, status: "ok" }]);
});
