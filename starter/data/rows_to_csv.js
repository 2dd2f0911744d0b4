export default function rowsToCsv(context) {
  const rows = context.rows ?? context.prev_result;
  if (!Array.isArray(rows)) throw new TypeError(`Expected rows to be an array, got ${typeof rows}`);
  const { delimiter = ",", header = true, escapeFormulas = false } = context;
  const columns = context.columns ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];

  const encode = (value) => {
    if (value === null || value === undefined) return "";
    let text = typeof value === "object" ? JSON.stringify(value) : String(value);
    // Spreadsheets run text that begins like a formula; an apostrophe keeps it text.
    if (escapeFormulas && typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    const quote = text.includes(delimiter) || /["\r\n]|^\s|\s$/.test(text);
    return quote ? `"${text.replaceAll('"', '""')}"` : text;
  };

  const lines = header && columns.length > 0 ? [columns.map(encode).join(delimiter)] : [];
  rows.forEach((row, index) => {
    if (row === null || typeof row !== "object" || Array.isArray(row)) {
      throw new TypeError(`Expected row ${index} to be an object with a value per column`);
    }
    lines.push(
      columns.map((name) => encode(Object.hasOwn(row, name) ? row[name] : null)).join(delimiter),
    );
  });
  return lines.map((line) => `${line}\r\n`).join("");
}
