import { expect, test } from "vitest";
import { buildProgram } from "./build-program.ts";
import { processOutput } from "./terminal/output.ts";

const program = buildProgram(processOutput(), () => Promise.resolve());

test.each(program.commands.map((command) => ({ name: command.name(), command })))(
  "$name has a summary, an example and the shared options",
  ({ name, command }) => {
    let help = "";
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    expect(command.description()).toMatch(/^[A-Z].*[.]$|; /);
    expect(help).toContain(`$ repertoire ${name}`);
    expect(command.options.map(({ long }) => long)).toEqual(
      expect.arrayContaining(["--library", "--json"]),
    );
  },
);
