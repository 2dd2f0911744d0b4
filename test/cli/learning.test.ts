import { afterAll, beforeAll, expect, test } from "vitest";
import { jsonOf, openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

let place: Workplace;

beforeAll(async () => {
  place = openWorkplace();
  const skill = (id: string): object => ({
    id,
    name: `Name ${id}`,
    description: `About ${id}`,
    code: "export default () => 1",
  });
  await place.run(["add", place.write("skills.json", [skill("mail"), skill("fax")])]);
  const learn = (id: string, query: string, ...caller: string[]): Promise<unknown> =>
    place.run(["run", id, "--query", query, ...caller]);
  await learn("mail", "write to ann", "--caller", "agent-7");
  await learn("fax", "write to bob", "--caller", "agent-7");
  await learn("fax", "write to bob");
});

afterAll(() => place[Symbol.dispose]());

test("what was learned is listed, by skill, caller and query", async () => {
  expect(
    jsonOf(await place.run(["learned", "--caller", "agent-7", "--skill", "mail", "--json"])),
  ).toEqual([
    {
      query: "write to ann",
      skillId: "mail",
      caller: "agent-7",
      count: 1,
      lastAt: expect.any(String),
    },
  ]);
  const { stdout } = await place.run(["learned", "--query", "Write to Bob"]);
  expect(stdout.split("\n")).toEqual([
    expect.stringMatching(/^LATEST +SKILL +TIMES +CALLER +QUERY$/),
    expect.stringMatching(/ fax +1 +write to bob$/),
    expect.stringMatching(/ fax +1 +agent-7 +write to bob$/),
    "",
  ]);
});

test("what is to be forgotten is said, and is gone", async () => {
  for (const args of [
    ["--forget"],
    ["--all"],
    ["--forget", "--all", "--caller", "x"],
    ["--forget", "--all", "--limit", "1"],
  ])
    expect((await place.run(["learned", ...args])).code).toBe(2);
  expect((await place.run(["learned", "--forget", "--caller", ""])).stdout).toBe(
    "✓ 1 learned use forgotten\n",
  );
  expect(jsonOf(await place.run(["learned", "--forget", "--caller", "agent-7", "--json"]))).toEqual(
    {
      forgotten: 2,
    },
  );
  expect(await place.run(["learned"])).toMatchObject({
    code: 0,
    stderr: "nothing was learned that fits\n",
  });
});
