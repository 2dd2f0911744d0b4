// Every repetition is bounded, so the time taken grows with the text and no faster.
const EMAIL =
  /(?<![a-z0-9])[a-z0-9][a-z0-9._%+'-]{0,63}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,6}[a-z]{2,24}(?![a-z0-9@])/gi;

/** "name [at] example [dot] com" and the like, as written to evade harvesters. */
function unveil(text) {
  return text
    .replace(/\s?[[({]\s?(?:at|@)\s?[\])}]\s?/gi, "@")
    .replace(/\s?[[({]\s?(?:dot|\.)\s?[\])}]\s?/gi, ".");
}

export default function extractEmails(context) {
  const text = context.text ?? context.prev_result;
  if (typeof text !== "string")
    throw new TypeError(`Expected text to be a string, got ${typeof text}`);
  const { domain, obfuscated = true } = context;

  const found = new Map();
  for (const [match] of (obfuscated ? unveil(text) : text).matchAll(EMAIL)) {
    const at = match.lastIndexOf("@");
    const local = match.slice(0, at);
    if (local.includes("..") || local.endsWith(".")) continue;
    // The domain's case means nothing; the mailbox's hardly ever does.
    const key = match.toLowerCase();
    const host = key.slice(at + 1);
    if (
      domain !== undefined &&
      host !== domain.toLowerCase() &&
      !host.endsWith(`.${domain.toLowerCase()}`)
    )
      continue;
    if (!found.has(key)) found.set(key, `${local}@${host}`);
  }
  return [...found.values()];
}
