/** Builds once before the tests, because several of them run the real, built program. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export default function setup(): void {
  if (process.env.REPERTOIRE_SKIP_BUILD === "1") return;
  const root = fileURLToPath(new URL("../..", import.meta.url));
  execFileSync(process.execPath, ["scripts/build.ts"], { cwd: root, stdio: "inherit" });
}
