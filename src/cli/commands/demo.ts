import type { Command } from "commander";
import { declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import { wholeNumber } from "../options/numbers.ts";

interface DemoFlags {
  readonly agents?: number;
  readonly seconds?: number;
  readonly seed?: number;
  readonly keep?: true;
}

export const demoCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "demo",
    summary: "Watch several agents use one library at once.",
    example: "demo --agents 8 --seconds 10",
  })
    .option("--agents <n>", "agents at work, each a process (default: 4)", wholeNumber(2, 16))
    .option("--seconds <n>", "how long they work (default: 6)", wholeNumber(1, 3600))
    .option("--seed <n>", "seed of what they choose to do", wholeNumber(0))
    .option("--keep", "keep the temporary library")
    .action(({ agents, seconds, seed, keep }: DemoFlags, command: Command) =>
      run(command, async ({ json, libraryPath: library, exit }) => {
        const { runDemo } = await import("../demo/run-demo.ts");
        exit(await runDemo({ json, ...defined({ agents, seconds, seed, keep, library }) }));
      }),
    );
};
