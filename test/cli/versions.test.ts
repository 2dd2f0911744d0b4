import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GREET } from "./example-skills.ts";
import { jsonOf, openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

let place: Workplace;
const SECOND = {
  ...GREET,
  description: "Greets a person politely.",
  code: "// Politely.\nexport default ({ name }) => `Hello ${name}`;\n",
};

beforeAll(async () => {
  place = openWorkplace();
  place.write("first.json", GREET);
  place.write("second.json", SECOND);
  await place.run(["add", "first.json"]);
  await place.run(["add", "second.json", "--expected-version", "1", "--message", "politer"]);
});
afterAll(() => place[Symbol.dispose]());

describe("versions of a skill", () => {
  test("version and history show the records, newest last", async () => {
    expect(jsonOf(await place.run(["version", "greet", "--json"]))).toMatchObject({
      id: "greet",
      version: 2,
      description: SECOND.description,
      message: "politer",
    });
    const history = jsonOf(await place.run(["history", "greet", "--json"])) as {
      version: number;
    }[];
    expect(history.map(({ version }) => version)).toEqual([1, 2]);
    const table = await place.run(["history", "greet"]);
    expect(table.stdout).toMatch(
      /^VERSION {2}STATUS .*\n +1 {2}active .*\n +2 {2}active .*politer\n$/,
    );
    expect((await place.run(["version", "greet"])).stdout).toContain("message      politer");
  });

  test("diff shows what changed from one to another", async () => {
    expect(jsonOf(await place.run(["diff", "greet", "1", "2", "--json"]))).toEqual({
      id: "greet",
      from: 1,
      to: 2,
      changes: [
        { field: "description", from: GREET.description, to: SECOND.description },
        { field: "code", from: GREET.code, to: SECOND.code },
      ],
    });
    expect((await place.run(["diff", "greet", "1", "2"])).stdout).toBe(
      `description
-${GREET.description}
+${SECOND.description}
code
@@ -1 +1 @@
+// Politely.
 export default ({ name }) => \`Hello \${name}\`;
`,
    );
    expect(await place.run(["diff", "greet", "2", "2"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "The two versions have the same content.\n",
    });
    expect((await place.run(["diff", "greet", "1", "9"])).code).toBe(3);
  });

  test("rollback, status and remove change it, if it is where they expect it", async () => {
    const stale = await place.run(["rollback", "greet", "1", "--expected-version", "1", "--json"]);
    expect(stale.code).toBe(6);
    expect(jsonOf(stale)).toMatchObject({
      error: { code: "VERSION_CONFLICT", details: { actual: 2 } },
    });

    const back = await place.run(["rollback", "greet", "1", "--expected-version", "2", "--json"]);
    expect(back).toMatchObject({ code: 0, stderr: "" });
    expect(jsonOf(back)).toMatchObject({
      id: "greet",
      version: 3,
      created: true,
      status: "active",
    });
    expect(jsonOf(await place.run(["version", "greet", "--json"]))).toMatchObject({
      description: GREET.description,
      message: "Roll back to version 1",
    });

    const deprecating = [
      "status",
      "greet",
      "deprecated",
      "--reason",
      "old",
      "--replacement",
      "hail",
    ];
    expect((await place.run([...deprecating, "--expected-version", "1"])).code).toBe(6);
    expect(jsonOf(await place.run([...deprecating, "--json"]))).toEqual({
      id: "greet",
      version: 3,
      revision: 4,
      status: "deprecated",
    });
    const run = await place.run(["run", "greet", "--context", '{"name":"Ada"}']);
    expect(run.stderr).toContain('warning: Skill "greet" is deprecated: old; use "hail"\n');

    expect((await place.run(["remove", "greet", "--expected-version", "2"])).code).toBe(6);
    expect(jsonOf(await place.run(["remove", "greet", "--json"]))).toEqual({
      id: "greet",
      version: 3,
      revision: 5,
    });
    expect((await place.run(["get", "greet"])).code).toBe(3);
    expect((await place.run(["remove", "greet"])).code).toBe(3);
    expect((jsonOf(await place.run(["history", "greet", "--json"])) as unknown[]).length).toBe(3);
  });
});
