/**
 * A conflict between two agents and how it is resolved, what a third one sees of it, a runaway that
 * is stopped, and the way back. Nothing is staged: each step is a call made by that agent's process.
 */
import type { ActionResult } from "./agent-messages.ts";
import type { AgentHandle } from "./agent-team.ts";
import { CONTESTED, RUNAWAYS } from "./demo-skills.ts";

/** The conflict in figures; versions are counted in whatever library the demo runs on. */
export interface Story {
  readonly skillId: string;
  readonly readVersion: number;
  readonly conflict: { readonly expected: number; readonly actual: number };
  readonly mergedVersion: number;
  readonly keptBothChanges: boolean;
  /** What the third agent saw: first from its cache, then after the merge. */
  readonly cachedVersion: number;
  readonly seenVersion: number;
  readonly runaways: readonly {
    readonly skillId: string;
    readonly status: string;
    readonly durationMs: number;
  }[];
  readonly rolledBackTo: number;
  readonly rollbackVersion: number;
  readonly rollbackRestored: boolean;
}

/** Tells one line of the story: who it is about, and what happened. */
export type Tell = (who: string, what: string) => void;

type Did<Kind extends ActionResult["did"]> = Extract<ActionResult, { did: Kind }>;

const DEADLINE_MS = 250;
const DESCRIPTION =
  "Format an amount of money as a label, with its currency, for shop pages and receipts.";

/** @throws when a step does not go as it must; the message says which */
export async function playStory(agents: readonly AgentHandle[], tell: Tell): Promise<Story> {
  const [a, b = a, c = b, d = c] = agents;
  if (a === undefined || b === undefined || c === undefined || d === undefined)
    throw new Error("The story needs agents");
  const read = async (by: AgentHandle): Promise<Did<"read">> =>
    expectDid("read", await by.act({ do: "read", skillId: CONTESTED }));
  const change = (by: AgentHandle, change: Parameters<typeof changeOf>[0]): Promise<ActionResult> =>
    by.act(changeOf(change));

  await read(a);
  await change(a, { addTags: ["money"] });
  await read(a);
  await change(a, { addTags: ["shop"] });
  const first = await read(a);
  const { version } = await read(b);
  await read(c);
  const cached = await read(c);
  tell(a.agent, `reads ${CONTESTED}: version ${first.version}`);
  tell(b.agent, `reads it too: version ${version}`);
  tell(
    c.agent,
    `reads it twice; the second time ${cached.fromCache ? "its cache answers" : "again"}: version ${cached.version}`,
  );

  const winner = expectDid("commit", await change(b, { addTags: ["label"] }));
  tell(b.agent, `adds the tag “label” and commits version ${winner.version}`);
  const conflict = expectDid("conflict", await change(a, { description: DESCRIPTION }));
  tell(
    a.agent,
    `submits a better description: VERSION_CONFLICT, expected ${conflict.expected}, actual ${conflict.actual}`,
  );
  const again = await read(a);
  tell(a.agent, `reads again: version ${again.version}, tags ${again.tags.join(", ")}`);
  const merged = expectDid("commit", await change(a, { description: DESCRIPTION }));
  tell(a.agent, `puts its description on top and commits version ${merged.version}; the tag stays`);

  const seen = await read(c);
  tell(
    c.agent,
    `reads again, in another process: version ${seen.version}${seen.fromCache ? "" : ", because its cached version was dropped"}`,
  );
  const keptBothChanges = seen.tags.includes("label") && seen.description === DESCRIPTION;

  const runaways = [];
  for (const skillId of RUNAWAYS) {
    const run = expectDid("run", await d.act({ do: "run", skillId, timeoutMs: DEADLINE_MS }));
    runaways.push({ skillId, status: run.status, durationMs: run.durationMs });
    tell(
      d.agent,
      `runs ${skillId} with ${DEADLINE_MS} ms to go: ${run.status} after ${Math.round(run.durationMs)} ms`,
    );
  }

  const back = expectDid(
    "commit",
    await b.act({ do: "rollback", skillId: CONTESTED, version: first.version }),
  );
  const rollbackRestored = back.contentHash === first.contentHash;
  tell(
    b.agent,
    `rolls back to version ${first.version}: that is version ${back.version}, ${rollbackRestored ? "with the same content hash" : "with OTHER content"}`,
  );
  return {
    skillId: CONTESTED,
    readVersion: first.version,
    conflict: { expected: conflict.expected, actual: conflict.actual },
    mergedVersion: merged.version,
    keptBothChanges,
    cachedVersion: cached.version,
    seenVersion: seen.version,
    runaways,
    rolledBackTo: first.version,
    rollbackVersion: back.version,
    rollbackRestored,
  };
}

/** What of the story is not as it must be; nothing when all is well. */
export function storyFaults(story: Story): readonly string[] {
  const { readVersion, conflict, mergedVersion, seenVersion, runaways } = story;
  return [
    ...(conflict.expected === readVersion && conflict.actual === readVersion + 1
      ? []
      : [`the conflict says expected ${conflict.expected}, actual ${conflict.actual}`]),
    ...(mergedVersion === readVersion + 2 ? [] : [`the merge became version ${mergedVersion}`]),
    ...(story.keptBothChanges ? [] : ["the merge does not have both changes"]),
    ...(seenVersion === mergedVersion ? [] : [`the third agent saw version ${seenVersion}`]),
    ...(story.rollbackRestored ? [] : ["the rollback has other content than the old version"]),
    ...runaways.flatMap(({ skillId, status }) =>
      status === "timeout" ? [] : [`${skillId} ended with ${status}`],
    ),
  ];
}

function changeOf(change: { readonly description?: string; readonly addTags?: readonly string[] }) {
  return { do: "commit", skillId: CONTESTED, change } as const;
}

function expectDid<Kind extends ActionResult["did"]>(kind: Kind, result: ActionResult): Did<Kind> {
  if (result.did === kind) return result as Did<Kind>;
  throw new Error(`Expected a ${kind}, got ${JSON.stringify(result)}`);
}
