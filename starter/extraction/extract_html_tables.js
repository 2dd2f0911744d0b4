const RAW = new Set([
  "script",
  "style",
  "title",
  "template",
  "noscript",
  "iframe",
  "svg",
  "textarea",
]);
const MAX_SPAN = 100;
const MAX_COLUMNS = 200;
const TAG = /<(\/?)([a-z][^\s/>]*)/iy;
const ATTRIBUTE = /[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/y;
const ENTITIES = new Map(
  (
    "amp:&;lt:<;gt:>;quot:\";apos:';nbsp: ;copy:©;reg:®;trade:™;euro:€;pound:£;yen:¥;cent:¢;deg:°;times:×;" +
    "middot:·;bull:•;ndash:–;mdash:—;hellip:…;lsquo:‘;rsquo:’;ldquo:“;rdquo:”;laquo:«;raquo:»;shy:"
  )
    .split(";")
    .map((entity) => entity.split(":")),
);

function decode(text) {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi,
    (entity, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES.get(name) ?? entity;
      const code = decimal === undefined ? parseInt(hex, 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : entity;
    },
  );
}

/** Texts and tags in document order: as tolerant as a browser, and linear in time. */
function* tokens(html) {
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    const textEnd = open === -1 ? html.length : open;
    if (textEnd > at) yield { text: decode(html.slice(at, textEnd)) };
    if (open === -1) return;

    TAG.lastIndex = open;
    const head = TAG.exec(html);
    if (head === null) {
      const special = html.startsWith("<!--", open)
        ? "-->"
        : /[!?/]/.test(html[open + 1] ?? "")
          ? ">"
          : undefined;
      if (special === undefined) yield { text: "<" };
      const end = special === undefined ? open : html.indexOf(special, open + 2);
      at = end === -1 ? html.length : end + (special?.length ?? 1);
      continue;
    }

    at = TAG.lastIndex;
    const attributes = new Map();
    for (;;) {
      ATTRIBUTE.lastIndex = at;
      const match = ATTRIBUTE.exec(html);
      if (match === null) break;
      attributes.set(match[1].toLowerCase(), decode(match[2] ?? match[3] ?? match[4] ?? ""));
      at = ATTRIBUTE.lastIndex;
    }
    const close = html.indexOf(">", at);
    if (close === -1) return;
    at = close + 1;
    const tag = head[2].toLowerCase();
    yield { tag, closing: head[1] === "/", attributes };

    if (head[1] === "" && RAW.has(tag)) {
      const end = new RegExp(`</${tag}[\\s/>]`, "gi");
      end.lastIndex = at;
      at = end.exec(html)?.index ?? html.length;
    }
  }
}

/** Every table in order of its start tag, as rows of cells; nested tables stand on their own. */
function readTables(html) {
  const tables = [];
  const open = [];
  for (const { text, tag, closing, attributes } of tokens(html)) {
    const table = open.at(-1);
    if (tag === "table") {
      if (closing) open.pop();
      else tables.push(open[open.push({ caption: { text: "" }, rows: [], target: undefined }) - 1]);
    } else if (table === undefined) {
      continue;
    } else if (text !== undefined) {
      if (table.target) table.target.text += text;
    } else if (tag === "br" && table.target) {
      table.target.text += " ";
    } else if (tag === "caption") {
      table.target = closing ? undefined : table.caption;
    } else if (tag === "tr" || tag === "td" || tag === "th") {
      table.target = undefined;
      if (closing) continue;
      if (tag === "tr" || table.rows.length === 0) table.rows.push([]);
      if (tag === "tr") continue;
      const span = (name) =>
        Math.min(Math.max(parseInt(attributes.get(name), 10) || 1, 1), MAX_SPAN);
      table.target = {
        text: "",
        header: tag === "th",
        columns: span("colspan"),
        rows: span("rowspan"),
      };
      table.rows.at(-1).push(table.target);
    }
  }
  return tables;
}

/** Repeats spanning cells in every place they cover. */
function toGrid(rows) {
  const below = new Map(); // column → cell that reaches down into the next rows, and how far
  return rows.map((cells) => {
    const line = [];
    const place = (cell, rowsLeft) => {
      if (line.length === MAX_COLUMNS)
        throw new RangeError(`Expected at most ${MAX_COLUMNS} columns in a table`);
      if (rowsLeft > 1) below.set(line.length, { cell, rowsLeft: rowsLeft - 1 });
      else below.delete(line.length);
      line.push(cell);
    };
    const fillFromAbove = () => {
      for (let held = below.get(line.length); held; held = below.get(line.length))
        place(held.cell, held.rowsLeft);
    };
    for (const cell of cells) {
      fillFromAbove();
      for (let column = 0; column < cell.columns; column++) place(cell, cell.rows);
    }
    fillFromAbove();
    return line;
  });
}

function toRecords({ caption, rows }) {
  const clean = (text) => text.replace(/\s+/g, " ").trim();
  const grid = toGrid(rows.filter((cells) => cells.length > 0));
  const bodyStart = grid.findIndex((line) => !line.every((cell) => cell.header));
  const heads = grid.slice(0, bodyStart === -1 ? grid.length : bodyStart);

  const headers = [];
  const width = grid.reduce((most, line) => Math.max(most, line.length), 0);
  for (let column = 0; column < width; column++) {
    const texts = new Set(heads.map((line) => clean(line[column]?.text ?? "")));
    const name = [...texts].filter((text) => text !== "").join(" ") || `column_${column + 1}`;
    headers.push(headers.includes(name) ? `${name}_${column + 1}` : name);
  }
  const body = grid.slice(heads.length);
  const record = (line) =>
    Object.fromEntries(headers.map((name, column) => [name, clean(line[column]?.text ?? "")]));
  return { caption: clean(caption.text), headers, rows: body.map(record) };
}

export default function extractHtmlTables(context) {
  const html = context.html ?? context.prev_result;
  if (typeof html !== "string")
    throw new TypeError(`Expected html to be a string, got ${typeof html}`);
  const tables = readTables(html).map(toRecords);
  const { index } = context;
  if (index === undefined) return tables;
  if (tables[index] === undefined)
    throw new RangeError(`Expected at least ${index + 1} tables, found ${tables.length}`);
  return tables[index].rows;
}
