import { afterAll, beforeAll, expect, test } from "vitest";
import { jsonLines, jsonOf, openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

let place: Workplace;

const skill = (id: string, fields: object = {}): object => ({
  id,
  name: `Name ${id}`,
  description: `About ${id}`,
  instructions: `# ${id}`,
  ...fields,
});

const MAIL = { name: "Send mail", description: "Deliver a message to a mailbox over SMTP" };

beforeAll(async () => {
  place = openWorkplace();
  const drafts = [
    skill("base", { name: "Parse a date", description: "Turn text into a date", tags: ["time"] }),
    skill("caller", {
      name: "Age of a person",
      description: "Years since a birthday",
      category: "people",
      capabilities: { skills: ["base", "lost"] },
    }),
    skill("mail", { ...MAIL, category: "people", tags: ["mail"] }),
  ];
  const { code, stderr } = await place.run(["add", place.write("skills.json", drafts)]);
  expect([code, stderr.includes("error")]).toEqual([0, false]);
});

afterAll(() => place[Symbol.dispose]());

const ids = (lines: unknown[]): unknown[] => lines.map((line) => (line as { id: string }).id);

test("a list in another order goes on from a cursor", async () => {
  const all = await place.run(["list", "--order", "name", "--json"]);
  const listed = jsonLines(all) as { id: string; cursor: string }[];
  expect(ids(listed)).toEqual(["caller", "base", "mail"]);
  const rest = await place.run(["list", "--order", "name", "--after", listed[0]!.cursor, "--json"]);
  expect(ids(jsonLines(rest))).toEqual(["base", "mail"]);
  const used = await place.run(["list", "--order", "uses"]);
  expect(used.stdout).toMatch(/^USES +SUCCESS +ID/);
  const wrong = await place.run(["list", "--order", "name", "--after", "base"]);
  expect([wrong.code, wrong.stderr]).toEqual([4, expect.stringContaining("cursor of an entry")]);
  expect((await place.run(["list", "--order", "size"])).code).toBe(2);
});

test("facets are counted, for programs and in words", async () => {
  expect(jsonOf(await place.run(["facets", "--category", "people", "--json"]))).toEqual({
    skills: 2,
    categories: [{ value: "people", count: 2 }],
    tags: [{ value: "mail", count: 1 }],
    statuses: [{ value: "active", count: 2 }],
    totals: { categories: 1, tags: 1 },
  });
  const { stdout, stderr } = await place.run(["facets"]);
  expect(stdout).toMatch(/^category +people +2$/m);
  expect(stderr).toBe("3 skills, 2 different categories, 2 different tags\n");
});

test("a match is shown with what it needs", async () => {
  const args = ["search", "years since a birthday", "--limit", "1", "--with-dependencies"];
  expect(jsonOf(await place.run([...args, "--json"]))).toMatchObject({
    matches: [{ id: "caller", dependencies: [{ id: "base" }], missingDependencies: ["lost"] }],
  });
  expect((await place.run(args)).stderr).toContain(
    "caller needs base, lost (not in the library)\n",
  );
});

test("who calls a skill is told when it goes", async () => {
  const { stdout, stderr, code } = await place.run(["status", "base", "deprecated"]);
  expect([code, stdout]).toEqual([0, "✓ base version 1 is now deprecated\n"]);
  expect(stderr).toBe("warning: base is now deprecated, and 1 skill calls it: caller\n");
  const back = jsonOf(await place.run(["status", "base", "active", "--json"]));
  expect(back).not.toHaveProperty("dependents");
});

test("adding tells what a skill is easily taken for, and doctor lists it", async () => {
  const mail = { ...MAIL, category: "people", tags: ["mail"], instructions: "# mail" };
  const copy = place.write("copy.json", skill("mailer", mail));
  expect(jsonOf(await place.run(["add", copy, "--json"]))).toMatchObject({
    created: true,
    similar: [{ id: "mail", kind: "same-content", similarity: 1 }],
  });
  const again = place.write("again.json", skill("postman", mail));
  const { code, stderr } = await place.run(["add", again]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^warning: postman: its content is that of "mail", "mailer"$/m);
  const { checks } = jsonOf(await place.run(["doctor", "--json"])) as {
    checks: { name: string; status: string; message: string }[];
  };
  const found = checks.find(({ name }) => name === "confusable skills");
  expect(found).toMatchObject({ status: "warn" });
  expect(found?.message).toMatch(
    /^1 group of skills much alike; 5 skills compared: mail, mailer, postman \(/,
  );
});

test.each([
  [0, "🦊🧪"],
  [0, '"; DROP TABLE documents; -- NEAR( * ^ name:'],
  [0, "\u001B[31mred\u0007"],
  [0, "翻訳する переводит"],
  [4, ""],
  [4, "  \n "],
  [4, "email ".repeat(1000)],
])("exit code %i for the query %j", async (expected, query) => {
  const { code, stdout, stderr } = await place.run(["search", "--json", "--", query]);
  expect(code).toBe(expected);
  if (code === 0) expect(JSON.parse(stdout)).toHaveProperty("matches");
  else expect(stderr.length).toBeLessThan(500);
});

test.each(["0", "-1", "1e9", "99999999999999999999", "ten", ""])(
  "a limit of %j is a mistake in the usage",
  async (limit) => {
    const { code, stderr } = await place.run(["search", "mail", `--limit=${limit}`]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("Expected a whole number")]);
  },
);
