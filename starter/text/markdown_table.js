const NUMERIC = /^-?\d[\d\s.,]{0,30}%?$/;

function cellText(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.replace(/\\/g, "\\\\").replace(/\|/g, "\\|").replace(/\r?\n/g, "<br>");
}

export default function markdownTable(context) {
  const rows = context.rows ?? context.prev_result;
  if (!Array.isArray(rows)) throw new TypeError(`Expected rows to be an array, got ${typeof rows}`);
  rows.forEach((row, index) => {
    if (row === null || typeof row !== "object" || Array.isArray(row)) {
      throw new TypeError(`Expected row ${index} to be an object with a value per column`);
    }
  });

  const columns = context.columns ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (columns.length === 0)
    throw new RangeError("Expected at least one column: give columns or a row");

  const table = columns.map((column) => {
    const cells = rows.map((row) => cellText(Object.hasOwn(row, column) ? row[column] : null));
    const filled = cells.filter((cell) => cell !== "");
    const right = filled.length > 0 && filled.every((cell) => NUMERIC.test(cell));
    const header = cellText(column);
    const width = Math.max(3, header.length, ...cells.map((cell) => cell.length));
    const pad = (cell) => (right ? cell.padStart(width) : cell.padEnd(width));
    const rule = right ? `${"-".repeat(width - 1)}:` : "-".repeat(width);
    return [pad(header), rule, ...cells.map(pad)];
  });

  return table[0]
    .map((_, line) => `| ${table.map((column) => column[line]).join(" | ")} |`)
    .join("\n");
}
