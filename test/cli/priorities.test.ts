import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GREET, LOOP } from "./example-skills.ts";
import { jsonLines, jsonOf, openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

let place: Workplace;
beforeAll(async () => {
  place = openWorkplace();
  place.write("skills.json", [GREET, LOOP]);
  await place.run(["add", "skills.json", "--no-validate"]);
});
afterAll(() => place[Symbol.dispose]());

describe("priorities and times for the whole", () => {
  const loops = [1, 2].map(() => '{"id":"loop"}').join("\n");

  test("a batch ends when its time is up", async () => {
    const args = ["batch", "-", "--total-timeout", "400ms", "--max-concurrent", "1", "--json"];
    const result = await place.run(args, { stdin: loops });
    expect(result.code).toBe(124);
    expect(jsonLines(result)).toMatchObject([{ status: "timeout" }, { status: "timeout" }]);
  });

  test("a workflow ends when its time is up", async () => {
    const args = ["compose", "loop", "greet", "--total-timeout", "400ms", "--json"];
    const result = await place.run(args);
    expect(result.code).toBe(124);
    expect(jsonOf(result)).toMatchObject({ status: "timeout", completedSteps: 0 });
  });

  test.each([
    ["run", "greet"],
    ["compose", "greet"],
    ["batch", "-"],
  ])("%s takes a priority, and refuses one that is none", async (command, what) => {
    const given =
      command === "batch" ? ["batch", "-"] : [command, what, "--context", '{"name":"Ada"}'];
    const stdin = '{"id":"greet","context":{"name":"Ada"}}';
    const asked = await place.run([...given, "--priority", "interactive"], { stdin });
    expect([asked.code, asked.stdout]).toEqual([0, expect.stringContaining("Hello Ada")]);
    const wrong = await place.run([...given, "--priority", "urgent"], { stdin });
    expect([wrong.code, wrong.stdout]).toEqual([2, ""]);
    expect(wrong.stderr).toContain("Allowed choices are interactive, normal, batch.");
    const help = (await place.run([command, "--help"])).stdout.replaceAll(/\s+/g, " ");
    expect(help).toContain(`(default: ${command === "batch" ? "batch" : "normal"})`);
  });

  test.each([
    [["batch", "-", "--total-timeout", "0s"], "a duration above 0"],
    [["compose", "greet", "--total-timeout", "soon"], "a duration above 0"],
    [["batch", "-", "--total-timeout", "1000h"], "Expected at most 35791 m 24 s"],
    [["run", "greet", "--dry-grants", "--priority", "batch"], "takes no --priority"],
    [
      ["compose", "greet", "--save", "x", "--description", "y", "--priority", "batch"],
      "takes no --priority",
    ],
    [
      ["compose", "greet", "--save", "x", "--description", "y", "--total-timeout", "1m"],
      "takes no --total-timeout",
    ],
  ])("%j is a mistake in the usage", async (args, message) => {
    const { code, stderr } = await place.run(args, { stdin: loops });
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
