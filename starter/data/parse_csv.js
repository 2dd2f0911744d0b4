/** RFC 4180, with any one-character delimiter and any line ending. Returns records of { cells, line }. */
function parseRecords(text, delimiter) {
  const records = [];
  let cells = [];
  let line = 1;
  let firstLine = 1;
  let at = 0;

  while (at <= text.length) {
    let cell = "";
    if (text[at] === '"') {
      const opened = line;
      for (at++; ; at++) {
        const quote = text.indexOf('"', at);
        if (quote === -1)
          throw new SyntaxError(`Quoted field opened on line ${opened} is never closed`);
        const part = text.slice(at, quote);
        line += part.split("\n").length - 1;
        cell += part;
        at = quote + 1;
        if (text[at] !== '"') break;
        cell += '"'; // a doubled quote stands for one
      }
      if (at < text.length && text[at] !== delimiter && text[at] !== "\n" && text[at] !== "\r") {
        throw new SyntaxError(`Expected a delimiter after the quoted field on line ${line}`);
      }
    } else {
      const start = at;
      while (at < text.length && text[at] !== delimiter && text[at] !== "\n" && text[at] !== "\r")
        at++;
      cell = text.slice(start, at);
    }
    cells.push(cell);

    if (text[at] === delimiter) {
      at++;
      continue;
    }
    // A blank line is no record; neither is what follows the last line ending.
    if (cells.length > 1 || cells[0] !== "") records.push({ cells, line: firstLine });
    if (at >= text.length) break;
    at += text[at] === "\r" && text[at + 1] === "\n" ? 2 : 1;
    cells = [];
    firstLine = ++line;
  }
  return records;
}

/** The candidate that is most frequent, outside quotes, on the first line. */
function detectDelimiter(text) {
  const firstLine = text
    .slice(0, 10_000)
    .replace(/"[^"]*"/g, "")
    .split(/\r?\n/, 1)[0];
  const count = (candidate) => firstLine.split(candidate).length;
  return [",", ";", "\t", "|"].reduce((best, next) => (count(next) > count(best) ? next : best));
}

/** Numbers that survive the round trip and booleans; "007" and "1e5" stay text. */
function convert(cell) {
  if (cell === "") return null;
  if (cell === "true" || cell === "false") return cell === "true";
  return /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,12})?$/.test(cell) ? Number(cell) : cell;
}

export default function parseCsv(context) {
  const source = context.text ?? context.prev_result;
  if (typeof source !== "string")
    throw new TypeError(`Expected text to be a string, got ${typeof source}`);
  const text = source.replace(/^\uFEFF/, "");
  const records = parseRecords(text, context.delimiter ?? detectDelimiter(text));
  const toValue = context.convertTypes ? convert : (cell) => cell;
  if (context.header === false) return records.map(({ cells }) => cells.map(toValue));

  const [head, ...body] = records;
  if (head === undefined) return [];
  const names = head.cells.map((cell) => cell.trim());
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined)
    throw new RangeError(`Expected distinct column names, "${repeated}" occurs twice`);

  return body.map(({ cells, line }) => {
    if (cells.length > names.length) {
      throw new RangeError(
        `Expected at most ${names.length} fields on line ${line}, got ${cells.length}`,
      );
    }
    // A short record is filled up with empty cells.
    return Object.fromEntries(names.map((name, index) => [name, toValue(cells[index] ?? "")]));
  });
}
