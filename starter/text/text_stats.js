const WORD = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu;

export default function textStats(context) {
  const text = context.text ?? context.prev_result;
  if (typeof text !== "string")
    throw new TypeError(`Expected text to be a string, got ${typeof text}`);
  const { wordsPerMinute = 238, topWords = 5, minWordLength = 4 } = context;

  let words = 0;
  const counts = new Map();
  for (const [match] of text.matchAll(WORD)) {
    const word = match.toLowerCase();
    counts.set(word, (counts.get(word) ?? 0) + 1);
    words++;
  }

  // A sentence ends at . ! ? … before white space or the end, so "3.14" and "e.g.x" do not end one.
  const ends = (text.trim().match(/[.!?…](?=["'”’)]?(?:\s|$))/g) ?? []).length;
  const endsOpen = words > 0 && !/[.!?…]["'”’)]?$/.test(text.trim().slice(-3));

  const surrogatePairs = (text.match(/[\ud800-\udbff][\udc00-\udfff]/g) ?? []).length;

  return {
    characters: text.length - surrogatePairs,
    words,
    uniqueWords: counts.size,
    sentences: ends + (endsOpen ? 1 : 0),
    paragraphs: text.split(/\n[ \t]*\n/).filter((block) => block.trim() !== "").length,
    readingSeconds: Math.round((words / wordsPerMinute) * 60),
    topWords: [...counts]
      .filter(([word]) => word.length >= minWordLength)
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .slice(0, topWords)
      .map(([word, count]) => ({ word, count })),
  };
}
