/** What differs between two occurrences of one error, in the order in which it must be replaced. */
const VARYING = [
  [/\bhttps?:\/\/[^\s"'<>)]+/gi, "<url>"],
  [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, "<uuid>"],
  [
    /\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?/g,
    "<time>",
  ],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b(?::\d{1,5})?/g, "<address>"],
  [/\b0x[0-9a-f]{1,16}\b/gi, "<hex>"],
  [/\b(?=[0-9a-f]{0,63}\d)[0-9a-f]{12,64}\b/gi, "<hex>"],
  [/"[^"\n]{1,200}"|'[^'\n]{1,200}'/g, "<text>"],
  [/\d+(?:[.,]\d+)*/g, "<n>"],
];

function patternOf(message) {
  const firstLine = message.trim().split("\n", 1)[0].slice(0, 500);
  return VARYING.reduce((text, [pattern, name]) => text.replace(pattern, name), firstLine);
}

export default function summarizeErrors(context) {
  const errors = context.errors ?? context.prev_result;
  if (!Array.isArray(errors))
    throw new TypeError(`Expected errors to be an array, got ${typeof errors}`);

  const groups = new Map();
  errors.forEach((error, index) => {
    const message = typeof error === "string" ? error : error?.message;
    if (typeof message !== "string")
      throw new TypeError(`Expected error ${index} to be a text or to have a message`);
    const pattern = patternOf(message);
    const group = groups.get(pattern) ?? {
      pattern,
      count: 0,
      example: message.trim(),
      first: index,
      last: index,
    };
    groups.set(pattern, { ...group, count: group.count + 1, last: index });
  });

  const sorted = [...groups.values()].sort((a, b) => b.count - a.count || a.first - b.first);
  return {
    total: errors.length,
    distinct: sorted.length,
    groups: sorted.slice(0, context.limit ?? 20).map((group) => ({
      ...group,
      share: Math.round((group.count / errors.length) * 1000) / 1000,
    })),
  };
}
