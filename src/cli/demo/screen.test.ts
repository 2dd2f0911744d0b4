import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { openScreen } from "./screen.ts";
import type { Screen } from "./screen.ts";

function show(
  isTTY: boolean,
  environment: Record<string, string>,
): { screen: Screen; text: () => string } {
  let written = "";
  const out = {
    isTTY,
    write: (text: string) => {
      written += text;
    },
  };
  return { screen: openScreen(out, environment), text: () => written };
}

function play(screen: Screen): void {
  screen.live(["one", "two"]);
  screen.print(screen.paint("red", "stays"));
  screen.live(["three"]);
  screen.live([]);
}

test("writes plain lines and no live block where there is no terminal", () => {
  const { screen, text } = show(false, { TERM: "xterm" });
  play(screen);
  expect([screen.isLive, text()]).toEqual([false, "stays\n"]);
});

test("writes plain lines on a terminal under NO_COLOR, and on a dumb one", () => {
  const environments: readonly Record<string, string>[] = [{ NO_COLOR: "1" }, { TERM: "dumb" }];
  for (const environment of environments) {
    const { screen, text } = show(true, environment);
    play(screen);
    expect([screen.isLive, text()]).toEqual([false, "stays\n"]);
  }
});

test("redraws the live block in place on a terminal", () => {
  const { screen, text } = show(true, { TERM: "xterm" });
  play(screen);
  expect(text()).toBe(
    [
      "\u001B[?7lone\ntwo\n\u001B[?7h",
      "\u001B[2A\u001B[J\u001B[31mstays\u001B[39m\n",
      "\u001B[?7lthree\n\u001B[?7h",
      "\u001B[1A\u001B[J\u001B[?7l\u001B[?7h",
    ].join(""),
  );
  expect(stripVTControlCharacters(text())).toBe("one\ntwo\nstays\nthree\n");
});
