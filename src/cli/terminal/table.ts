/** Tables for reading: columns aligned, and cut to the width of the terminal where there is one. */
import type { Paint, Style } from "./colours.ts";
import { cutToWidth, oneLine, textWidth } from "./text-width.ts";

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly align?: "left" | "right";
  /** Whether this column gives up width when the table is too wide; it keeps at least 12. */
  readonly shrinks?: boolean;
  readonly style?: (row: Row) => Style | undefined;
}

const GAP = "  ";
const NARROWEST = 12;

/** @param width columns there are; `Infinity` cuts nothing */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.value(row))));
  const natural = columns.map((column, at) =>
    cells.reduce((most, row) => Math.max(most, textWidth(row[at] ?? "")), textWidth(column.title)),
  );
  const widths = fit(columns, natural, width);
  const line = (texts: readonly string[], styleOf: (at: number) => Style | undefined): string =>
    columns
      .map((column, at) => {
        const text = cutToWidth(texts[at] ?? "", widths[at] ?? 0);
        const style = styleOf(at);
        const padding = " ".repeat(Math.max(0, (widths[at] ?? 0) - textWidth(text)));
        const shown = style === undefined ? text : paint(style, text);
        return column.align === "right" ? padding + shown : shown + padding;
      })
      .join(GAP)
      .trimEnd();
  return [
    line(
      columns.map((column) => column.title),
      () => "bold",
    ),
    ...cells.map((texts, index) => line(texts, (at) => columns[at]?.style?.(rows[index] as Row))),
  ]
    .map((text) => `${text}\n`)
    .join("");
}

/** Takes what is too much from the columns that may shrink, the widest first. */
function fit<Row>(
  columns: readonly Column<Row>[],
  natural: readonly number[],
  width: number,
): readonly number[] {
  const widths = [...natural];
  const gaps = GAP.length * (columns.length - 1);
  let excess = widths.reduce((sum, each) => sum + each, gaps) - width;
  while (excess > 0) {
    let widest = -1;
    for (const [at, column] of columns.entries()) {
      const isWider = widest === -1 || (widths[at] ?? 0) > (widths[widest] ?? 0);
      if (column.shrinks === true && (widths[at] ?? 0) > NARROWEST && isWider) widest = at;
    }
    if (widest === -1) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}

/** Names and values below each other, the values aligned; entries without a value are left out. */
export function renderFields(
  fields: readonly (readonly [name: string, value: string | undefined])[],
  paint: Paint,
): string {
  const shown = fields.filter((field): field is [string, string] => field[1] !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => textWidth(name)));
  return shown
    .map(([name, value]) => {
      const indented = value.replaceAll("\n", `\n${" ".repeat(width + GAP.length)}`);
      return `${paint("dim", name.padEnd(width))}${GAP}${indented}\n`;
    })
    .join("");
}
