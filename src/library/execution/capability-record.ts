/**
 * What a run really called, what it was refused, and why its host calls failed: kept on the host's
 * side from the answers it really gave, because a program could say anything of itself.
 */
import type { HostCallFailure, HostCallReply } from "../../sandbox/sandbox.ts";
import type { ExecutionError, ExecutionStatus } from "../../skill/execution.ts";
import type { Capabilities, Capability } from "../../skill/skill.ts";

/** A program may ask for any number of things it has not. */
const MAX_REFUSED = 20;
/** Names of tools and skills are shorter; what is refused may have any. */
const MAX_NAME = 256;
/** Failures remembered, so that the one a run ended with is told from the others. */
const MAX_FAILURES = 64;

export interface CapabilityRecord {
  /** Something granted is about to be called. */
  use(capability: Capability): void;
  /** Something was not granted. */
  refuse(capability: Capability): void;
  /** Notes an answer on its way to the program, and gives it back. */
  answer(reply: HostCallReply): HostCallReply;
  /** An error of the run with what only the host knows of it: the capability, the limit. */
  explained(status: ExecutionStatus, error: ExecutionError): ExecutionError;
  /** What there is to record. */
  summary(): { readonly used?: Capabilities; readonly refused?: Capabilities };
}

export function createCapabilityRecord(): CapabilityRecord {
  const used = nameLists();
  const refused = nameLists(MAX_REFUSED);
  /** By message: each names what it is about. */
  const failures = new Map<string, HostCallFailure>();
  let lastDenial: HostCallFailure | undefined;

  /** The failure that a program let escape, perhaps as the cause of an error of its own. */
  function escaped({ message, causes = [] }: ExecutionError): HostCallFailure | undefined {
    const said = [message, ...causes.map((cause) => cause.message)];
    return said.map((text) => failures.get(text)).find((failure) => failure !== undefined);
  }

  return {
    use: used.add,
    refuse: refused.add,
    answer(reply) {
      if (reply.ok) return reply;
      const { error } = reply;
      if (error.capability === undefined && error.limit === undefined) return reply;
      if (error.denied === true) lastDenial = error;
      failures.delete(error.message);
      failures.set(error.message, error);
      if (failures.size > MAX_FAILURES) failures.delete(failures.keys().next().value as string);
      return reply;
    },
    explained(status, error) {
      const failure = escaped(error);
      if (status === "denied") {
        const { capability } = (failure?.denied === true ? failure : lastDenial) ?? {};
        return capability === undefined ? error : { ...error, capability };
      }
      const limit = error.name === failure?.name ? failure.limit : undefined;
      return limit === undefined ? error : { limit, ...error };
    },
    summary: () => ({ ...used.as("used"), ...refused.as("refused") }),
  };
}

/** Names of each kind, each once, in the order they first came. */
function nameLists(max = Infinity) {
  const lists = {
    tool: new Set<string>(),
    skill: new Set<string>(),
    fetch: new Set<string>(),
  };
  return {
    add({ kind, name }: Capability): void {
      if (lists[kind].size < max) lists[kind].add(name.slice(0, MAX_NAME));
    },
    as<Name extends string>(name: Name): { readonly [Key in Name]?: Capabilities } {
      const { tool, skill, fetch } = lists;
      if (tool.size + skill.size + fetch.size === 0) return {};
      const names: Capabilities = { tools: [...tool], skills: [...skill], fetch: [...fetch] };
      return { [name]: names } as { [Key in Name]: Capabilities };
    },
  };
}
