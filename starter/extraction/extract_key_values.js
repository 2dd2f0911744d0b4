const MAX_KEY = 60;
// "Key: value" and "key = value", perhaps as a list item or with the key in bold; "Key ..... value".
const LINES = [
  /^\s*(?:[-*•]\s+)?(?:\*\*)?([\p{L}\p{N}](?:[^:=\n]{0,58}[^:=\s])?)\s*(?::(?!\/\/)|=)\s*(?:\*\*)?\s*(.*)$/u,
  /^\s*([\p{L}\p{N}](?:[^.\n]{0,58}[^.\s])?)\s*\.{3,}\s*(.+)$/u,
];

/** Key and value of a line, or undefined. */
function readPair(line) {
  const text = line.trim();
  if (text.startsWith("|")) {
    const cells = text.slice(1, text.endsWith("|") ? -1 : undefined).split("|");
    return cells.length === 2 ? cells : undefined;
  }
  return LINES.map((pattern) => pattern.exec(text))
    .find((found) => found !== null)
    ?.slice(1);
}

function normalize(key) {
  return key
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "_")
    .replace(/^_|_$/g, "");
}

export default function extractKeyValues(context) {
  const text = context.text ?? context.prev_result;
  if (typeof text !== "string")
    throw new TypeError(`Expected text to be a string, got ${typeof text}`);
  const { normalizeKeys = false, keys } = context;
  const wanted = keys && new Set(keys.map(normalize));

  const pairs = new Map();
  for (const line of text.split(/\r?\n/)) {
    if (line.length > 10_000 || /^[\s|:-]*$/.test(line)) continue;
    const pair = readPair(line)?.map((part) => part.trim());
    if (pair === undefined || pair[0] === "" || pair[0].length > MAX_KEY || pair[1] === "")
      continue;
    const [label, value] = [pair[0].replace(/\*\*$/, ""), pair[1]];
    const key = normalizeKeys ? normalize(label) : label;
    if (!/\p{L}/u.test(label)) continue; // "12:30 in the office" is no pair
    if (wanted && !wanted.has(normalize(key))) continue;
    if (!pairs.has(key)) pairs.set(key, []);
    pairs.get(key).push(value);
  }
  // A key that occurs once has a text, one that is repeated a list of them.
  return Object.fromEntries(
    [...pairs].map(([key, values]) => [key, values.length === 1 ? values[0] : values]),
  );
}
