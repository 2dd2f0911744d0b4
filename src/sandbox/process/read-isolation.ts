import type { SandboxIsolation } from "../sandbox.ts";
import { fieldsOf, flag, listOf, oneOf, text } from "./field.ts";

const MAX_PARTS = 20;
const MAX_REASON_LENGTH = 4096;

/**
 * What a process says of its hardening.
 *
 * @throws {MessageError} when it is none
 */
export function readIsolation(value: unknown): SandboxIsolation {
  const fields = fieldsOf(value, "isolation");
  const has = (name: string): boolean => flag(fields[name], name);
  return {
    boundary: "process",
    permissionModel: has("permissionModel"),
    permissionsDropped: has("permissionsDropped"),
    seccomp: has("seccomp"),
    landlock: has("landlock"),
    network: oneOf(fields["network"], "network", new Set(["blocked", "open"] as const)),
    missing: listOf(fields["missing"], "missing", MAX_PARTS, (item, what) =>
      text(item, what, MAX_REASON_LENGTH),
    ),
  };
}
