import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const LIST = `
  const { readdirSync, readlinkSync } = require("node:fs");
  const files = readdirSync("/proc/self/fd").map((fd) => {
    try { return readlinkSync("/proc/self/fd/" + fd); } catch { return ""; }
  });
  process.stdout.write(JSON.stringify(files.filter((file) => file.includes("secret"))));
`;

function filesOfAChild(start: string): unknown {
  const directory = mkdtempSync(join(tmpdir(), "repertoire-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const secret = join(directory, "secret");
  writeFileSync(secret, "s");
  const host = `
    const { spawnChild } = await import(${JSON.stringify(new URL("./spawn-child.ts", import.meta.url).href)});
    const { spawn } = await import("node:child_process");
    const child = ${start};
    child.stdout.pipe(process.stdout);
  `;
  // A shell hands on what it opened, as supervisors and build tools do.
  const said = execFileSync(
    "bash",
    [
      "-c",
      `exec 40<>"$1"; exec "$2" --input-type=module --eval "$3"`,
      "bash",
      secret,
      process.execPath,
      host,
    ],
    { encoding: "utf8" },
  );
  return (JSON.parse(said) as string[]).map((file) => file === secret);
}

test.runIf(process.platform === "linux")(
  "a child is handed none of the open files of this process",
  () => {
    const code = JSON.stringify(LIST);
    const bare = `spawn(process.execPath, ["--eval", ${code}], { stdio: ["pipe", "pipe", "pipe"] })`;
    // So that this test can fail: without care it is handed on.
    expect(filesOfAChild(bare)).toEqual([true]);
    const spawned = `spawnChild(process.execPath, ["--eval", ${code}], { env: {}, cwd: "/" })`;
    expect(filesOfAChild(spawned)).toEqual([]);
  },
);
