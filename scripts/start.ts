/** `npm start`: the demo with the starter skills and the functions of es-toolkit. */
import { parseArgs } from "node:util";
import { RepertoireError } from "../src/index.ts";
import { runDemo } from "../src/cli/demo/run-demo.ts";
import type { DemoOptions } from "../src/cli/demo/run-demo.ts";
import { loadStarterSkills } from "../src/cli/input/starter-skills.ts";
import { buildCorpus } from "./corpus/build-corpus.ts";
import { packageVersion } from "./corpus/find-functions.ts";

const HELP = `npm start -- [options]

Admits the starter skills and the functions of es-toolkit into a library, lets several agents, each
a process, work on it at once, and checks the books.

  --seconds N     how long the agents work (default: 6)
  --agents N      agents, 2 to 16 (default: 4)
  --seed N        seed of what the agents choose to do (default: 1)
  --library DIR   use this library and keep it (default: a temporary one, removed at the end)
  --keep          keep the temporary library
  --json          print nothing but the report, as one JSON document
  --help

Exit code: 0 when every guarantee held, 1 when one did not, 2 for wrong usage.
`;

const EXIT_USAGE = 2;

type Flags = Omit<DemoOptions, "drafts" | "source">;

function readFlags(): Flags | "help" {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string" },
      agents: { type: "string" },
      seed: { type: "string" },
      library: { type: "string" },
      keep: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const { seconds, agents, seed, library, keep, json } = values;
  return {
    keep,
    json,
    ...(seconds === undefined ? {} : { seconds: Number(seconds) }),
    ...(agents === undefined ? {} : { agents: Number(agents) }),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(library === undefined ? {} : { library }),
  };
}

async function start(flags: Flags): Promise<number> {
  const starters = (await loadStarterSkills()).map(({ draft }) => draft);
  const corpus = await buildCorpus();
  const functions = `${corpus.drafts.length} functions of es-toolkit ${packageVersion()}`;
  return runDemo({
    ...flags,
    drafts: [...starters, ...corpus.drafts],
    source: `${starters.length} starter skills and ${functions}`,
  });
}

function isUsageError(error: unknown): error is Error {
  if (error instanceof RepertoireError) return error.code === "INVALID_INPUT";
  const code: unknown = error instanceof TypeError && "code" in error ? error.code : undefined;
  return typeof code === "string" && code.startsWith("ERR_PARSE_ARGS");
}

try {
  const flags = readFlags();
  if (flags === "help") process.stdout.write(HELP);
  else process.exitCode = await start(flags);
} catch (error) {
  if (!isUsageError(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = EXIT_USAGE;
}
