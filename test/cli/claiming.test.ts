import { afterAll, beforeAll, expect, test } from "vitest";
import { GREET } from "./example-skills.ts";
import { jsonOf, openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

let place: Workplace;

beforeAll(async () => {
  place = openWorkplace();
  place.write("greet.json", GREET);
  place.write("better.json", { ...GREET, description: "Greets a person politely." });
  await place.run(["add", "greet.json"]);
});
afterAll(() => place[Symbol.dispose]());

interface Claimed {
  readonly token: string;
  readonly until: string;
}

const UNTIL = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;

test("a claim lasts beyond its command, is seen by others, guards writes and is given up", async () => {
  const asked = ["claim", "greet", "--by", "agent-7", "--note", "politer", "--for", "30m"];
  const claimed = jsonOf(await place.run([...asked, "--json"])) as Claimed;
  expect(claimed).toEqual({
    id: "greet",
    by: "agent-7",
    note: "politer",
    token: expect.stringMatching(/^\d+$/),
    until: expect.stringMatching(UNTIL),
  });
  const { token } = claimed;

  const refused = await place.run(["claim", "greet", "--by", "agent-8"]);
  expect(refused.code).toBe(124);
  expect(refused.stderr).toMatch(/Skill "greet" is claimed by "agent-7" until .*Z \(politer\)/);

  const line = /greet is claimed by agent-7 until .*Z \(politer\)/;
  expect((await place.run(["list"])).stderr).toMatch(line);
  expect((await place.run(["search", "greet a person"])).stderr).toMatch(line);
  expect((await place.run(["get", "greet"])).stdout).toMatch(/claimed +by agent-7 until .*politer/);
  expect(jsonOf(await place.run(["get", "greet", "--json"]))).toMatchObject({
    claim: { by: "agent-7", note: "politer", token },
  });

  const { locks } = jsonOf(await place.run(["stats", "--json"])) as { locks: object };
  expect(locks).toMatchObject({ held: 0, heldByAll: { leases: 1, claims: 1 } });
  expect((await place.run(["stats"])).stdout).toMatch(/^locks held +1 \(1 claim\)$/m);

  const renewed = await place.run(["claim", "greet", "--token", token, "--for", "2h", "--json"]);
  const { until } = jsonOf(renewed) as Claimed;
  expect(until > claimed.until).toBe(true);

  const write = ["add", "better.json", "--expected-version", "1", "--claim"];
  const wrong = await place.run([...write, String(Number(token) + 1)]);
  expect(wrong.code).toBe(6);
  expect(wrong.stderr).toContain(`its current token is ${token}, of somebody else`);
  expect((await place.run([...write, token])).code).toBe(0);
  expect((await place.run(["status", "greet", "deprecated", "--claim", token])).code).toBe(0);
  expect((await place.run(["rollback", "greet", "1", "--claim", token])).code).toBe(0);

  expect((await place.run(["release", "greet", "--token", token])).stdout).toContain(
    "greet is no longer claimed",
  );
  expect((await place.run(["remove", "greet", "--claim", token])).code).toBe(6);
  expect((await place.run(["release", "greet", "--token", token])).code).toBe(6);
  expect((await place.run(["list"])).stderr).not.toContain("claimed");
}, 120_000);

test("a claim can be ended by force, and keeps an id that is not used yet", async () => {
  const first = await place.run(["claim", "planned"]);
  expect(first.stdout).toMatch(/✓ planned is yours until .*Z; token \d+/);
  expect(first.stderr).toContain('There is no skill "planned" yet');
  const ended = await place.run(["release", "planned", "--force", "--json"]);
  expect(jsonOf(ended)).toEqual({ id: "planned", released: true });
  expect((await place.run(["release", "planned", "--force"])).stdout).toBe(
    "planned was not claimed\n",
  );
});

test("what can not be a claim is refused", async () => {
  const codes = [];
  for (const args of [
    ["claim", "greet", "--for", "0s"],
    ["claim", "greet", "--token", "-1"],
    ["claim", "greet", "--token", "5", "--by", "me"],
    ["release", "greet"],
    ["release", "greet", "--token", "5", "--force"],
    ["claim", "Not An Id"],
  ])
    codes.push((await place.run(args)).code);
  expect(codes).toEqual([2, 2, 2, 2, 2, 4]);
});

test("a claim guards the saving of a workflow", async () => {
  const { token } = jsonOf(await place.run(["claim", "flow", "--json"])) as Claimed;
  const compose = ["compose", "greet", "--save", "flow", "--description", "Greets"];
  const stale = await place.run([...compose, "--claim", String(Number(token) + 1)]);
  expect(stale.code).toBe(6);
  expect(stale.stderr).toContain(`its current token is ${token}, of somebody else`);
  expect((await place.run([...compose, "--claim", token])).code).toBe(0);
  const run = await place.run(["compose", "greet", "--claim", token]);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain("--claim is for --save");
});
