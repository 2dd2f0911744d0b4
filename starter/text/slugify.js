/** Latin letters that Unicode decomposition leaves whole. */
const LETTERS = new Map([
  ["ß", "ss"],
  ["æ", "ae"],
  ["œ", "oe"],
  ["ø", "o"],
  ["đ", "d"],
  ["ð", "d"],
  ["ł", "l"],
  ["þ", "th"],
  ["ı", "i"],
]);

export default function slugify(context) {
  const text = context.text ?? context.prev_result;
  if (typeof text !== "string")
    throw new TypeError(`Expected text to be a string, got ${typeof text}`);
  const { separator = "-", maxLength = 80 } = context;

  const words =
    text
      .toLowerCase()
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .replace(/[ßæœøđðłþı]/g, (letter) => LETTERS.get(letter))
      .replace(/['’]/g, "")
      .match(/[a-z0-9]+/g) ?? [];
  if (words.length === 0) {
    throw new RangeError("Expected text with at least one Latin letter or digit to make a slug of");
  }

  // Whole words only, unless the very first one is already too long.
  let slug = words[0].slice(0, maxLength);
  for (const word of words.slice(1)) {
    if (slug.length + separator.length + word.length > maxLength) break;
    slug += separator + word;
  }
  return slug;
}
