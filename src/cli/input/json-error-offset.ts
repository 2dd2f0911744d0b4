/**
 * Where a text stops being JSON. `JSON.parse` says so only sometimes, so after it failed the text
 * is read again by the grammar of RFC 8259, without building anything.
 */
const TOKEN =
  // oxlint-disable-next-line no-control-regex
  /[{}[\]:,]|"[^"\\\u0000-\u001F]*(?:\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})[^"\\\u0000-\u001F]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;
const SPACE = /[ \t\n\r]*/y;

type Expected = "value" | "first-item" | "first-key" | "key" | "colon" | "comma";

/** Offset of the first token that can not stand where it stands; the text must not be JSON. */
export function jsonErrorOffset(text: string): number {
  const open: string[] = [];
  let expected: Expected = "value";
  let at = 0;
  for (;;) {
    at = endOf(SPACE, text, at) ?? at;
    if (expected === "comma" && open.length === 0) return at;
    const end = endOf(TOKEN, text, at);
    if (end === undefined) return at;
    const next = step(text.slice(at, end), expected, open);
    if (next === undefined) return at;
    expected = next;
    at = end;
  }
}

/** What may follow the token; nothing when the token itself may not stand here. */
function step(token: string, expected: Expected, open: string[]): Expected | undefined {
  const isClosing = token === open.at(-1);
  switch (expected) {
    case "colon":
      return token === ":" ? "value" : undefined;
    case "comma":
      if (isClosing) return close(open);
      return token === "," ? (open.at(-1) === "}" ? "key" : "value") : undefined;
    case "first-key":
    case "key":
      if (isClosing && expected === "first-key") return close(open);
      return token.startsWith('"') ? "colon" : undefined;
    case "first-item":
    case "value":
      if (isClosing && expected === "first-item") return close(open);
      return value(token, open);
  }
}

function value(token: string, open: string[]): Expected | undefined {
  if (token === "{") {
    open.push("}");
    return "first-key";
  }
  if (token === "[") {
    open.push("]");
    return "first-item";
  }
  return /^[}\]:,]$/.test(token) ? undefined : "comma";
}

function close(open: string[]): Expected {
  open.pop();
  return "comma";
}

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
