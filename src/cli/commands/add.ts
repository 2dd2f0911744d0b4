import type { Command } from "commander";
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { JsonValue } from "../../base/json.ts";
import type { AddOutcome } from "../../index.ts";
import type { ExpectedVersion } from "../../store/skill-store.ts";
import { readAgentSkill, SKILL_FILE } from "../input/agent-skill.ts";
import { claimOption, leaseOfClaim } from "../options/claim-option.ts";
import { declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT, exitCodeOfError } from "../failures/exit-codes.ts";
import { inOrder } from "../terminal/in-order.ts";
import { noteAdded } from "../render/note-added.ts";
import { parseExpectedVersion } from "../options/numbers.ts";
import { parseItems, readSource } from "../input/read-input.ts";
import type { Item } from "../input/read-input.ts";
import { failureNotes } from "../failures/failed-adds.ts";
import type { FailedAdd, FailureNotes } from "../failures/failed-adds.ts";
import { errorDocument } from "../failures/report-error.ts";
import { loadStarterSkills } from "../input/starter-skills.ts";
import { oneLine } from "../terminal/text-width.ts";
import { UsageError } from "../failures/usage-error.ts";

interface AddFlags {
  readonly starter?: true;
  readonly expectedVersion?: ExpectedVersion;
  readonly validate: boolean;
  readonly author?: string;
  readonly message?: string;
  readonly claim?: bigint;
}

/** A draft, or why there is none, and where it came from. */
type Candidate = { readonly file: string; readonly line?: number; readonly index?: number } & (
  | { readonly value: unknown; readonly expectedVersion?: ExpectedVersion }
  | { readonly error: RepertoireError }
);

export const addCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "add [files...]",
    summary: "Check skills and add them as new versions.",
    example: "add slugify.skill.json --author agent-7",
  })
    .addHelpText(
      "before",
      "Files are drafts (JSON, an array of them, or JSON Lines), Agent Skills folders, or - for stdin.\nIn place of a draft, {draft, expectedVersion} says of this one which version it must be at.\n",
    )
    .option("--starter", "add the skills shipped with this program")
    .option(
      "--expected-version <n>",
      'version the skill must be at: 0 for a new one, or "any" (default: 0)',
      parseExpectedVersion,
    )
    .option("--no-validate", "do not run the examples")
    .option("--author <name>", "who adds them (default: the draft's author)")
    .option("--message <text>", "why these versions are made")
    .addOption(claimOption())
    .action((files: readonly string[], flags: AddFlags, command: Command) =>
      run(command, (context) => add(context, files, flags)),
    );
};

async function add(context: CliContext, files: readonly string[], flags: AddFlags): Promise<void> {
  if (files.length === 0 && flags.starter !== true)
    throw new UsageError('Nothing to add: name files, "-" for standard input, or --starter');
  const candidates = [
    ...(flags.starter ? await starterCandidates() : []),
    ...(await Promise.all(files.map((file) => candidatesOf(file, context)))).flat(),
  ];
  const failures = failureNotes(context.output);
  const settle = inOrder<AddOutcome | RepertoireError>((outcome, index) =>
    report(context, failures, candidates[index] as Candidate, outcome),
  );
  const drafts: unknown[] = [];
  const expected: (ExpectedVersion | undefined)[] = [];
  const positions: number[] = [];
  candidates.forEach((candidate, at) => {
    if ("error" in candidate) return settle(at, candidate.error);
    drafts.push(candidate.value);
    expected.push(candidate.expectedVersion);
    positions.push(at);
  });
  if (drafts.length === 0) return;
  const { expectedVersion, validate, author, message } = flags;
  const lease = claimOfOne(drafts, flags.claim);
  const library = await context.library({ create: true });
  try {
    await library.addMany(drafts, {
      ...defined({ author, message }),
      expectedVersion: expected.map((each) => each ?? expectedVersion),
      ...lease,
      validate,
      signal: context.signal,
      onResult: (outcome) => settle(positions[outcome.index] as number, outcome),
    });
  } finally {
    failures.end();
  }
}

/** A claim is of one skill, so its token says nothing of several. */
function claimOfOne(
  drafts: readonly unknown[],
  token: bigint | undefined,
): ReturnType<typeof leaseOfClaim> {
  if (token === undefined) return {};
  const ids = new Set(drafts.map((draft) => (draft as { readonly id?: unknown } | null)?.id));
  const [id] = ids;
  if (ids.size === 1 && typeof id === "string") return leaseOfClaim(id, token);
  throw new UsageError("--claim is for drafts of one skill; add the others without it");
}

async function starterCandidates(): Promise<readonly Candidate[]> {
  return (await loadStarterSkills()).map(({ file, draft }) => ({ file, value: draft }));
}

/** A file that can not be read is a failing item like any other. */
async function candidatesOf(file: string, context: CliContext): Promise<readonly Candidate[]> {
  try {
    const folder = await agentSkillFolder(file);
    if (folder === undefined) {
      const items = parseItems(await readSource(file, context.signal));
      if (items.length > 0) return items.map(withExpectedVersion);
      throw new RepertoireError(
        "INVALID_INPUT",
        `${file === "-" ? "(stdin)" : file} holds no drafts; expected one at least`,
        { details: { file } },
      );
    }
    const { draft, leftOut } = await readAgentSkill(folder, context.signal);
    if (leftOut.length > 0)
      context.output.note(
        `${context.output.paintNote("yellow", "warning:")} ${draft.id}: the library keeps no files, so these were left out: ${oneLine(leftOut.join(", "))}`,
      );
    return [{ file, value: draft }];
  } catch (error) {
    if (error instanceof RepertoireError && error.code !== "CANCELLED") return [{ file, error }];
    throw error;
  }
}

/** An item may say for itself which version it expects: `{ draft, expectedVersion }`. */
function withExpectedVersion(item: Item): Candidate {
  if ("error" in item) return item;
  const { value, ...place } = item;
  if (typeof value !== "object" || value === null || !("draft" in value)) return item;
  const { draft, expectedVersion, ...rest } = value as Readonly<Record<string, JsonValue>>;
  const unknown = Object.keys(rest)[0];
  if (unknown === undefined && expectedVersion === undefined) return { ...place, value: draft };
  if (unknown === undefined && isExpectedVersion(expectedVersion))
    return { ...place, value: draft, expectedVersion };
  const found =
    unknown === undefined
      ? `\`expectedVersion\` ${preview(expectedVersion)}, which is no version, 0 or "any"`
      : `\`${unknown}\``;
  const error = new RepertoireError(
    "INVALID_INPUT",
    `Expected an item with a \`draft\` to have nothing besides it and \`expectedVersion\`, got ${found}`,
  );
  return { ...place, error };
}

function isExpectedVersion(value: unknown): value is ExpectedVersion {
  return value === "any" || (Number.isSafeInteger(value) && (value as number) >= 0);
}

async function agentSkillFolder(file: string): Promise<string | undefined> {
  if (file === "-") return undefined;
  if (basename(file) === SKILL_FILE) return dirname(file);
  // What is not there is reported when it is read.
  const found = await stat(file).catch(() => undefined);
  return found?.isDirectory() === true ? file : undefined;
}

function report(
  { output, json, exit }: CliContext,
  failures: FailureNotes,
  candidate: Candidate,
  outcome: AddOutcome | RepertoireError,
): void {
  if (!(outcome instanceof RepertoireError) && outcome.ok) {
    const { ok: _, index: __, ...result } = outcome;
    if (json) output.json(result);
    else noteAdded(output, result);
    return;
  }
  const { file, line, index } = candidate;
  const place = { file, ...defined({ line, index }) };
  const failed: FailedAdd =
    outcome instanceof RepertoireError
      ? { ...place, error: outcome }
      : { ...place, error: outcome.error, ...defined({ id: outcome.id }) };
  exit(exitCodeOfError(failed.error.code) || EXIT.internal);
  if (json) output.json({ ...failed, error: errorDocument(failed.error) });
  failures.note(failed);
}
