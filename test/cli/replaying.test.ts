import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BOOM, CLOCK, GREET } from "./example-skills.ts";
import { jsonOf, openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

let place: Workplace;
beforeAll(async () => {
  place = openWorkplace();
  place.write("skills.json", [GREET, BOOM, CLOCK]);
  place.write("tools.mjs", `export default { "clock.now": () => "12:00" };`);
  await place.run(["add", "skills.json", "--no-validate"]);
});
afterAll(() => place[Symbol.dispose]());

async function runIdOf(...args: readonly string[]): Promise<string> {
  return (jsonOf(await place.run(["run", ...args, "--json"])) as { runId: string }).runId;
}

describe("replay", () => {
  test("repeats a run without its tools, and exits with 0", async () => {
    const runId = await runIdOf("clock", "--tools", "tools.mjs");
    const result = await place.run(["replay", runId, "--json"]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(jsonOf(result)).toMatchObject({
      execution: { skillId: "clock", status: "ok", value: "12:00" },
      recorded: { runId, journal: "kept" },
      identical: true,
    });
    const text = await place.run(["replay", runId]);
    expect(text).toMatchObject({ code: 0, stdout: `✓ identical to run ${runId} of clock@1\n` });
    expect(text.stderr).toMatch(/^ok clock@1 in [\d.]+ ms\n$/);
  });

  test("exits with 0 when a failure is repeated", async () => {
    const result = await place.run(["replay", await runIdOf("boom")]);
    expect(result.code).toBe(0);
    expect(result.stderr).toContain("TypeError: no such thing");
  });

  test("exits with 5 when another version does something else, and shows what", async () => {
    const runId = await runIdOf("greet", "--context", '{"name":"Ada"}');
    const changed = {
      ...GREET,
      code: "export default ({ name }) => `Hi ${name}`;\n",
      examples: [],
    };
    place.write("changed.skill.json", changed);
    await place.run(["add", "changed.skill.json", "--expected-version", "1"]);
    const json = await place.run(["replay", runId, "--version", "2", "--json"]);
    expect(json.code).toBe(5);
    expect(jsonOf(json)).toMatchObject({
      execution: { version: 2, value: "Hi Ada" },
      identical: false,
      divergence: { what: "value", expected: '"Hello Ada"', actual: '"Hi Ada"' },
    });
    expect(await place.run(["replay", runId, "--version", "2"])).toMatchObject({
      code: 5,
      stdout: `✗ differs from run ${runId} of greet@1 in its value\n- "Hello Ada"\n+ "Hi Ada"\n`,
    });
  });

  test("exits with 3 for a run or a version that is not known", async () => {
    const version = await place.run(["replay", await runIdOf("boom"), "--version", "9"]);
    expect(version.code).toBe(3);
    const result = await place.run(["replay", "nobody", "--json"]);
    expect(result.code).toBe(3);
    expect(jsonOf(result)).toMatchObject({
      error: { code: "RUN_NOT_FOUND", details: { runId: "nobody" } },
    });
  });
});

describe("runs --redact", () => {
  test("removes what a run was told, and says so in the list", async () => {
    const runId = await runIdOf("greet", "--context", '{"name":"Ada"}');
    const other = await runIdOf("boom");
    expect(await place.run(["runs", "--redact", runId])).toEqual({
      code: 0,
      stdout: `✓ redacted run ${runId} of greet@2\n`,
      stderr: "",
    });
    expect(jsonOf(await place.run(["runs", "--redact", runId, "--json"]))).toMatchObject({
      runId,
      journal: "redacted",
    });
    const replay = await place.run(["replay", runId]);
    expect(replay).toMatchObject({
      code: 4,
      stderr: `error: Run "${runId}" can not be replayed: it was redacted\n`,
    });
    const { stdout } = await place.run(["runs", "--limit", "2"]);
    expect(stdout).toMatch(new RegExp(`${other}  yes `));
    expect(stdout).toMatch(new RegExp(`${runId}  redacted`));
    expect((await place.run(["runs", "--redact", "nobody"])).code).toBe(3);
  });
});
