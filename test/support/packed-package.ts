import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./import-graph.ts";

/** The package as a user gets it: packed, unpacked into a fresh `node_modules`, with its dependencies and nothing else. */
export interface PackedPackage {
  /** Directory of the user's project. */
  readonly project: string;
  /** Files in the tarball. */
  readonly files: readonly string[];
  remove(): void;
}

interface PackReport {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

export function packPackage(): PackedPackage {
  const project = mkdtempSync(join(tmpdir(), "repertoire-packed-"));
  const npm = (...args: string[]): string =>
    execFileSync("npm", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const report = JSON.parse(
    npm("pack", "--json", "--ignore-scripts", "--pack-destination", project),
  ) as PackReport[] | Record<string, PackReport>;
  const [packed] = Object.values(report);
  if (packed === undefined) throw new Error("npm pack reported nothing");
  const modules = join(project, "node_modules");
  mkdirSync(join(modules, "repertoire"), { recursive: true });
  execFileSync("tar", [
    "-xzf",
    join(project, packed.filename),
    "-C",
    join(modules, "repertoire"),
    "--strip-components=1",
  ]);
  for (const name of runtimeDependencies())
    symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  return {
    project,
    files: packed.files.map((file) => file.path),
    remove: () => rmSync(project, { recursive: true, force: true }),
  };
}

function runtimeDependencies(): readonly string[] {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return Object.keys(dependencies);
}
