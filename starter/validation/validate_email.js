const PROVIDERS =
  "gmail.com outlook.com hotmail.com yahoo.com icloud.com proton.me protonmail.com gmx.de gmx.net web.de aol.com live.com".split(
    " ",
  );

/** Edit distance in which swapping two neighbours is one edit (optimal string alignment). */
function distance(a, b) {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  for (let j = 0; j <= b.length; j++) rows[0][j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const substitution = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.length][b.length];
}

/** Why an address could not receive mail from the open internet; undefined when it could. */
function findDefect(email) {
  const at = email.lastIndexOf("@");
  if (at === -1) return "there is no @";
  const local = email.slice(0, at);
  const domain = email.slice(at + 1);
  if (local === "") return "there is nothing before the @";
  if (local.length > 64) return "the part before the @ is longer than 64 characters";
  if (email.length > 254) return "the address is longer than 254 characters";
  if (local.startsWith(".") || local.endsWith(".") || local.includes(".."))
    return "a dot before the @ is misplaced";
  if (!/^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~.-]+$/u.test(local))
    return "there is a character before the @ that is not allowed";
  const labels = domain.split(".");
  if (labels.length < 2) return "the domain has no dot";
  const bad = labels.find((label) => !/^(?!-)[\p{L}\p{N}-]{1,63}(?<!-)$/u.test(label));
  if (bad !== undefined) return `"${bad}" can not be a part of a domain`;
  if (!/^(?:\p{L}{2,63}|xn--[a-z0-9-]{1,59})$/iu.test(labels.at(-1)))
    return `"${labels.at(-1)}" is no top-level domain`;
  return undefined;
}

export default function validateEmail(context) {
  const source = context.email ?? context.prev_result;
  if (typeof source !== "string")
    throw new TypeError(`Expected email to be a string, got ${typeof source}`);
  const email = source.trim();

  const reason = findDefect(email);
  if (reason !== undefined) return { valid: false, reason };
  const [local, domain] = [
    email.slice(0, email.lastIndexOf("@")),
    email.slice(email.lastIndexOf("@") + 1).toLowerCase(),
  ];
  const meant =
    domain.length > 30 || PROVIDERS.includes(domain)
      ? undefined
      : PROVIDERS.find((name) => distance(domain, name) === 1);
  const result = { valid: true, normalized: `${local}@${domain}` };
  return meant === undefined ? result : { ...result, suggestion: `${local}@${meant}` };
}
