/** The parts of one JSDoc block. */
export interface DocComment {
  /** Everything before the first tag, on one line. */
  readonly summary: string;
  /** Descriptions by parameter name. */
  readonly params: ReadonlyMap<string, string>;
  /** Texts of the `@example` tags, without code fences. */
  readonly examples: readonly string[];
}

/** Reads the inside of a JSDoc block (without its opening slash and closing star). */
export function parseDocComment(inside: string): DocComment {
  const text = inside.replace(/^[ \t]*\*? ?/gm, "").replace(/^\s+/, "");
  const [summary = "", ...tags] = text.split(/^(?=@\w)/m);
  const params = new Map<string, string>();
  const examples: string[] = [];
  for (const tag of tags) {
    const param = /^@param\s+(?:\{.*?\}\s+)?\[?([\w$]+)(?:=[^\]]*)?\]?\s*(?:-\s*)?([\s\S]*)/.exec(
      tag,
    );
    if (param?.[1] !== undefined) {
      const description = prose(param[2] ?? "");
      if (description !== "") params.set(param[1], description);
    } else if (tag.startsWith("@example")) {
      examples.push(withoutFences(tag.slice("@example".length)));
    }
  }
  return { summary: summary.startsWith("@") ? "" : prose(summary), params, examples };
}

function prose(text: string): string {
  return text
    .replace(/\{@link\s+([^}|]+?)(?:\|[^}]*)?\}/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
}

function withoutFences(text: string): string {
  return text
    .replace(/^\s*<caption>.*<\/caption>/m, "")
    .replace(/^```.*$/gm, "")
    .replace(/^\s*\n/, "")
    .trimEnd();
}
