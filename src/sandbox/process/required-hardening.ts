import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { HardeningPart, SandboxIsolation } from "../sandbox.ts";

const PARTS: readonly HardeningPart[] = [
  "permissionModel",
  "permissionsDropped",
  "seccomp",
  "landlock",
  "network",
];

/**
 * The parts that `requireHardening` names.
 *
 * @throws {INVALID_INPUT} when it names one that is none
 */
export function checkRequired(required: unknown): readonly HardeningPart[] {
  if (required === true) return PARTS;
  if (required === false) return [];
  const isKnown = (part: unknown): part is HardeningPart => PARTS.includes(part as HardeningPart);
  if (Array.isArray(required) && required.every(isKnown)) return required;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`requireHardening\` to be true, false or a list of ${PARTS.join(", ")}, got ${preview(required)}`,
    { details: { option: "requireHardening" } },
  );
}

/** Why a process with this isolation is not to be used, if so. */
export function unmetHardening(
  isolation: SandboxIsolation,
  required: readonly HardeningPart[],
): RepertoireError | undefined {
  const unmet = required.filter((part) =>
    part === "network" ? isolation.network === "open" : !isolation[part],
  );
  if (unmet.length === 0) return undefined;
  const reasons = isolation.missing.length === 0 ? "" : `: ${isolation.missing.join("; ")}`;
  return new RepertoireError(
    "SANDBOX_UNAVAILABLE",
    `The sandbox processes lack ${unmet.join(", ")}, which requireHardening asks for${reasons}`,
    { details: { unmet, missing: isolation.missing } },
  );
}
