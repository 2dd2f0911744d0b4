/** One hostile program, and how the run of it must end. */
import type { JsonValue } from "../../../base/json.ts";
import type { HostCall, HostCallReply, SandboxLimits, SandboxOutcome } from "../../sandbox.ts";

export type Status = SandboxOutcome["status"];

export interface Attack {
  readonly name: string;
  /** Body of the default export, `async function (context, host)`; a whole module if `module` is set. */
  readonly code: string;
  readonly module?: true;
  /** The ways it may end; none of them disturbs anybody. */
  readonly expect: Status | readonly Status[];
  /** The result it must have if it ends with `ok`. */
  readonly value?: JsonValue;
  /** Default: 5 s, and the defaults of all runs. */
  readonly limits?: Partial<SandboxLimits>;
  readonly context?: JsonValue;
  /** The context as text, where it is not valid JSON or not what `JSON.stringify` writes. */
  readonly contextJson?: string;
  readonly inputSchema?: string;
  readonly outputSchema?: string;
  /** Default: echoes name and arguments. */
  readonly answer?: (call: HostCall) => Promise<HostCallReply>;
  readonly check?: (seen: Seen) => void;
}

/** What the host saw of an attack. */
export interface Seen {
  readonly outcome: SandboxOutcome;
  /** Every call, as `kind name args`. */
  readonly calls: readonly HostCall[];
  readonly progress: readonly (readonly [number, string | undefined])[];
}

export interface AttackFamily {
  readonly name: string;
  readonly attacks: readonly Attack[];
}

/** Time given to attacks that never end by themselves. */
const ENDLESS_MS = 150;

/** Never ends by itself. */
export function endless(name: string, code: string, more: Partial<Attack> = {}): Attack {
  return {
    name,
    code,
    expect: "timeout",
    ...more,
    limits: { timeoutMs: ENDLESS_MS, ...more.limits },
  };
}

/** Ends well because it gets nowhere: its result says what it found. */
export function contained(
  name: string,
  code: string,
  value: JsonValue,
  more: Partial<Attack> = {},
): Attack {
  return { name, code, expect: "ok", value, ...more };
}

/** Fails by its own error. */
export function failing(name: string, code: string, more: Partial<Attack> = {}): Attack {
  return { name, code, expect: "error", ...more };
}

/** Needs more memory than it has; some engines refuse a single allocation with an ordinary error. */
export function hungry(name: string, code: string, more: Partial<Attack> = {}): Attack {
  const limits = { timeoutMs: 15_000, memoryBytes: 8 * 1024 * 1024, ...more.limits };
  return { name, code, expect: ["out-of-memory", "error"], ...more, limits };
}

/** Answers nothing, ever. */
export const never = (): Promise<never> => new Promise<never>(() => {});
