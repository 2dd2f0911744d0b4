import { describe, expect, test } from "vitest";
import type { Paint } from "./colours.ts";
import { renderFields, renderTable } from "./table.ts";
import type { Column } from "./table.ts";
import { textWidth } from "./text-width.ts";

interface Row {
  readonly id: string;
  readonly count: number;
  readonly about: string;
}

const plain: Paint = (_style, text) => text;
const marked: Paint = (style, text) => `<${String(style)}>${text}</>`;
const COLUMNS: readonly Column<Row>[] = [
  { title: "ID", value: ({ id }) => id, style: () => "cyan" },
  { title: "COUNT", value: ({ count }) => String(count), align: "right" },
  { title: "ABOUT", value: ({ about }) => about, shrinks: true },
];

describe("renderTable", () => {
  test("aligns columns by what they show", () => {
    const rows = [
      { id: "a", count: 1, about: "first" },
      { id: "日本", count: 1000, about: "wide characters" },
      { id: "é", count: 20, about: "" },
    ];
    expect(renderTable(COLUMNS, rows, { width: Number.POSITIVE_INFINITY, paint: plain })).toBe(
      [
        "ID    COUNT  ABOUT",
        "a         1  first",
        "日本   1000  wide characters",
        "é        20",
        "",
      ].join("\n"),
    );
  });

  test("cuts the columns that may shrink to the width of the terminal", () => {
    const rows = [{ id: "a".repeat(10), count: 1, about: "word ".repeat(30) }];
    const lines = renderTable(COLUMNS, rows, { width: 40, paint: plain }).split("\n");
    expect(lines).toEqual([
      "ID          COUNT  ABOUT",
      "aaaaaaaaaa      1  word word word word …",
      "",
    ]);
    expect(Math.max(...lines.map(textWidth))).toBe(40);
  });

  test("colours without counting colours as width", () => {
    const rows = [{ id: "a", count: 1, about: "x" }];
    expect(renderTable(COLUMNS, rows, { width: 80, paint: marked })).toBe(
      "<bold>ID</>  <bold>COUNT</>  <bold>ABOUT</>\n<cyan>a</>       1  x\n",
    );
  });

  test("keeps a row on its line, whatever a text contains", () => {
    const rows = [{ id: "a", count: 1, about: "two\nlines\u001B[2J\u0007\ttab" }];
    expect(renderTable(COLUMNS, rows, { width: 80, paint: plain })).toBe(
      "ID  COUNT  ABOUT\na       1  two lines\uFFFD[2J\uFFFD tab\n",
    );
  });
});

test("renderFields aligns values, indents further lines and leaves out what is absent", () => {
  expect(
    renderFields(
      [
        ["id", "a"],
        ["missing", undefined],
        ["about", "one\ntwo"],
      ],
      plain,
    ),
  ).toBe("id     a\nabout  one\n       two\n");
});
