/**
 * One agent: a process of its own that opens the library's directory like any other program would.
 * It is told what to do over the channel to its parent, and ends when the parent closes it or dies.
 */
import { openLibrary } from "../../index.ts";
import type { Skill } from "../../index.ts";
import { workUntilDone } from "./agent-loop.ts";
import type {
  Action,
  ActionResult,
  AgentCommand,
  AgentMessage,
  AgentProgress,
  AgentSetup,
} from "./agent-messages.ts";
import { agentSession } from "./agent-session.ts";
import type { AgentSession } from "./agent-session.ts";
import { seededRandom } from "./seeded-random.ts";
import { applyChange } from "./skill-change.ts";

function tell(message: AgentMessage): void {
  process.send?.(message);
}

/** Carries out single calls, and remembers what it read last, as an agent would. */
function actor(session: AgentSession): (action: Action) => Promise<ActionResult> {
  const lastRead = new Map<string, Skill>();
  const { library } = session;

  const known = (skillId: string): Skill => {
    const skill = lastRead.get(skillId);
    if (skill === undefined) throw new Error(`Skill "${skillId}" was not read yet`);
    return skill;
  };

  return async (action) => {
    const { skillId } = action;
    if (action.do === "read") {
      const { hits } = library.cache.stats;
      const skill = await session.get(skillId);
      if (skill === undefined) throw new Error(`There is no skill "${skillId}"`);
      lastRead.set(skillId, skill);
      const { version, contentHash, tags, description } = skill;
      const fromCache = library.cache.stats.hits > hits;
      return { did: "read", version, contentHash, tags, description, fromCache };
    }
    if (action.do === "commit") {
      const skill = known(skillId);
      const operation = session.nextOperation();
      const draft = applyChange(skill, action.change);
      const outcome = await session.commit(draft, skill.version, { operation });
      if (!("operation" in outcome)) return { did: "conflict", ...outcome };
      return { did: "commit", version: outcome.version, contentHash: outcome.contentHash };
    }
    if (action.do === "rollback") {
      const { version, contentHash } = await session.rollback(skillId, action.version);
      return { did: "commit", version, contentHash };
    }
    const { status, durationMs } = await session.run(skillId, {}, action.timeoutMs);
    if (action.timeoutMs !== undefined)
      session.noteRunaway({ skillId, status, deadlineMs: action.timeoutMs, durationMs });
    return { did: "run", status, durationMs };
  };
}

async function main(setup: AgentSetup): Promise<void> {
  const library = await openLibrary({ path: setup.libraryPath, sandbox: { workers: 1 } });
  const session = agentSession(setup.agent, library);
  const random = seededRandom(setup.seed);
  const act = actor(session);

  const obey = async (command: AgentCommand): Promise<void> => {
    if (command.kind === "act") return tell({ kind: "acted", result: await act(command.action) });
    if (command.kind === "work") {
      const onProgress = (progress: AgentProgress): void => tell({ kind: "progress", progress });
      await workUntilDone(command.plan, { session, random, onProgress });
      return tell({ kind: "worked" });
    }
    const record = await session.record();
    await library.close();
    tell({ kind: "record", record });
  };

  process.on("message", (command: AgentCommand) => {
    obey(command).catch((error: unknown) => fail(error));
  });
  tell({ kind: "ready" });
}

function fail(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  tell({ kind: "failed", message: text });
  process.exitCode = 1;
}

// Ctrl-C reaches every process of the terminal; agents end with their parent, which tidies up.
process.on("SIGINT", () => undefined);
process.once("disconnect", () => {
  process.exit();
});
main(JSON.parse(process.argv[2] ?? "{}") as AgentSetup).catch(fail);
