import type { SandboxIsolation } from "../../index.ts";

/** What stands between a program that got out of its engine and the machine, in one line. */
export function isolationText(isolation: SandboxIsolation): string {
  const { boundary, permissionModel, permissionsDropped, seccomp, landlock, network } = isolation;
  const parts = [
    permissionModel && "permission model",
    permissionsDropped && "permissions dropped",
    seccomp && "seccomp",
    landlock && "Landlock",
    network === "blocked" && "no network",
  ].filter((part) => part !== false);
  return parts.length === 0 ? boundary : `${boundary} with ${parts.join(", ")}`;
}
