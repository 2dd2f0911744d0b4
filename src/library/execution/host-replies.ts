/** Answers to host calls that failed before anything was really called. */
import type { HostCallFailure, HostCallReply } from "../../sandbox/sandbox.ts";
import type { Capability } from "../../skill/skill.ts";

export function denied(capability: Capability, message: string): HostCallReply {
  return {
    ok: false,
    error: { name: "CapabilityError", message, code: "denied", denied: true, capability },
  };
}

export function failed(name: string, message: string, code?: string): HostCallReply {
  return { ok: false, error: { name, message, ...(code === undefined ? {} : { code }) } };
}

/** The run, or the runs it belongs to, reached a limit. */
export function limitReached(
  limit: NonNullable<HostCallFailure["limit"]>,
  message: string,
): HostCallReply {
  return { ok: false, error: { name: "LimitError", message, code: "LIMIT_EXCEEDED", limit } };
}
