import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonOf } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";
import { NUMBER, runningWorkplace, TEXT } from "./running-workplace.ts";

let place: Workplace;
beforeAll(async () => {
  place = await runningWorkplace();
});
afterAll(() => place[Symbol.dispose]());

describe("compose", () => {
  test("runs skills one after another over a shared context", async () => {
    const context = '{"name":"Ada"}';
    const result = await place.run([
      "compose",
      "greet",
      "shout",
      "--context",
      context,
      "--name",
      "loud",
      "--json",
    ]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    const step = (skillId: string, value: string): object => ({
      id: skillId,
      skillId,
      version: 1,
      status: "ok",
      value,
      durationMs: NUMBER,
      attempts: 1,
      runId: TEXT,
    });
    expect(jsonOf(result)).toEqual({
      runId: TEXT,
      name: "loud",
      status: "ok",
      steps: [step("greet", "Hello Ada"), step("shout", "HELLO ADA")],
      completedSteps: 2,
      totalSteps: 2,
      context: { name: "Ada", prev_result: "HELLO ADA" },
      durationMs: NUMBER,
    });
  });

  test("stops at a failing step, or goes on when told to", async () => {
    const context = '{"name":"Ada"}';
    const stopped = await place.run(["compose", "boom", "greet", "--context", context]);
    expect(stopped).toMatchObject({ code: 5, stdout: "" });
    expect(stopped.stderr).toContain("greet  greet   skipped");
    expect(stopped.stderr).toContain("0 of 2 steps");
    const args = [
      "compose",
      "boom",
      "greet",
      "--context",
      context,
      "--on-error",
      "continue",
      "--json",
    ];
    const continued = await place.run(args);
    expect(continued.code).toBe(5);
    expect(jsonOf(continued)).toMatchObject({ status: "error", completedSteps: 1 });
  });

  test("takes steps from a file, and the time of each", async () => {
    place.write("steps.json", [
      { id: "first", skill: "greet", context: { name: "Eve" } },
      { skill: "loop", needs: ["first"] },
    ]);
    const args = ["compose", "--steps", "steps.json", "--timeout-per-skill", "1s", "--json"];
    const result = await place.run(args);
    expect(result.code).toBe(124);
    expect(jsonOf(result)).toMatchObject({
      status: "timeout",
      steps: [
        { id: "first", status: "ok", value: "Hello Eve" },
        { id: "loop", status: "timeout" },
      ],
    });
  });

  test("stores a workflow as a skill that runs like any other", async () => {
    const saving = ["--save", "loud_greeting", "--description", "Greets loudly."];
    const saved = await place.run(["compose", "greet", "shout", ...saving, "--json"]);
    expect(saved.code).toBe(0);
    expect(jsonOf(saved)).toMatchObject({ id: "loud_greeting", version: 1, created: true });
    const run = await place.run(["run", "loud_greeting", "--context", '{"name":"Ada"}']);
    expect(run).toMatchObject({ code: 0, stdout: "HELLO ADA\n" });
  });

  test("runs nothing when a step is unknown, and refuses options that mean nothing", async () => {
    expect((await place.run(["compose", "greet", "nobody"])).code).toBe(3);
    for (const args of [
      [],
      ["greet", "--steps", "steps.json"],
      ["greet", "--save", "x"],
      ["greet", "--description", "x"],
      ["greet", "--save", "x", "--description", "y", "--context", "{}"],
    ])
      expect((await place.run(["compose", ...args])).code).toBe(2);
    expect((await place.run(["compose", "--steps", place.write("object.json", {})])).code).toBe(4);
  });
});
