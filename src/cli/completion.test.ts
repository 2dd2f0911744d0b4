import { Argument, Command, Option } from "commander";
import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { completionScript } from "./completion.ts";

function program(): Command {
  const program = new Command("repertoire");
  program
    .command("list")
    .description("List the user's skills")
    .option("--json", "print JSON")
    .option("--limit <n>", "at most")
    .addOption(new Option("--order <what>", "order").choices(["name", "uses"]));
  program
    .command("status")
    .description("Change it")
    .argument("<id>")
    .addArgument(new Argument("<status>").choices(["active", "draft"]));
  return program;
}

function complete(line: string): string[] {
  const words = line.split(" ");
  const script = `${completionScript(program(), "bash")}
COMP_WORDS=(${words.map((word) => `"${word}"`).join(" ")}); COMP_CWORD=${words.length - 1}
_repertoire; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", script], { encoding: "utf8" }).trim().split("\n");
}

describe("completionScript", () => {
  test("completes commands, options and values in bash", () => {
    expect(complete("repertoire ")).toEqual(["list", "status"]);
    expect(complete("repertoire st")).toEqual(["status"]);
    expect(complete("repertoire list --")).toEqual(["--json", "--limit", "--order", "--help"]);
    expect(complete("repertoire list --json --order ")).toEqual(["name", "uses"]);
    expect(complete("repertoire list --order n")).toEqual(["name"]);
    expect(complete("repertoire status slugify a")).toEqual(["active"]);
    expect(complete("repertoire unknown ")).toEqual([""]);
  });

  test.each(["zsh", "fish"] as const)(
    "writes a script for %s with every command and option",
    (shell) => {
      const script = completionScript(program(), shell);
      expect(script).toContain("user'\\''s skills");
      expect(script).toContain("limit");
      expect(script).toContain("active draft");
      expect(script).toContain("name uses");
      const parsed = spawnSync(shell, ["-n"], { input: script, encoding: "utf8" });
      // Where the shell is not installed, its syntax can not be checked.
      if (parsed.error === undefined) expect(parsed.stderr).toBe("");
    },
  );
});
