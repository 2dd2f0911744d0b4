/**
 * Where the demo is shown. On a terminal it has colours and a block at the end that is redrawn in
 * place; anywhere else, and under `NO_COLOR`, it is plain lines.
 */
import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];
export type Paint = (format: Format, text: string) => string;

/** The part of a terminal's stream that is used. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface Screen {
  /** Whether the live block is shown. */
  readonly isLive: boolean;
  readonly paint: Paint;
  /** Prints a line that stays. */
  print(line?: string): void;
  /** Replaces the live block. */
  live(lines: readonly string[]): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function openScreen(out: OutputStream, environment: Environment): Screen {
  const { NO_COLOR, TERM } = environment;
  const isLive = out.isTTY === true && (NO_COLOR ?? "") === "" && TERM !== "dumb";
  let shown = 0;
  const erase = (): string => (shown === 0 ? "" : `\u001B[${shown}A\u001B[J`);

  return {
    isLive,
    paint: isLive
      ? (format, text) => styleText(format, text, { validateStream: false })
      : (_, text) => text,
    print(line = "") {
      out.write(`${erase()}${line}\n`);
      shown = 0;
    },
    live(lines) {
      if (!isLive) return;
      // Without wrapping, a line too long is cut, and the block keeps its height.
      const block = lines.map((line) => `${line}\n`).join("");
      out.write(`${erase()}\u001B[?7l${block}\u001B[?7h`);
      shown = lines.length;
    },
  };
}
