const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\\.?";
const DAY = "(\\d{1,2})(?:st|nd|rd|th)?";
const TIME =
  /(?:^|[T\s,])(\d{1,2})(?::(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?)?\s?(am|pm)?\s?(z|utc|gmt|[+-]\d{2}:?\d{2})?$/i;

const monthNumber = (name) => MONTHS.indexOf(name.toLowerCase()) + 1;
const pad = (number, length = 2) => String(number).padStart(length, "0");

/** Two digits mean 1969–2068, as for POSIX strptime. */
const fullYear = (digits) =>
  digits.length > 2 ? Number(digits) : Number(digits) + (Number(digits) < 69 ? 2000 : 1900);

/** Each way of writing a day. `read` gives [year, month, day, ambiguous]. */
const FORMATS = [
  { pattern: /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})/, read: ([, y, m, d]) => [+y, +m, +d] },
  { pattern: /^(\d{4})(\d{2})(\d{2})(?!\d)/, read: ([, y, m, d]) => [+y, +m, +d] },
  {
    pattern: new RegExp(
      `^${DAY}[\\s-]{1,3}(?:of )?${MONTH},?[\\s-]{1,3}(\\d{4}|\\d{2})(?![\\d:])`,
      "i",
    ),
    read: ([, d, m, y]) => [fullYear(y), monthNumber(m), +d],
  },
  {
    pattern: new RegExp(`^${MONTH}\\s{1,3}${DAY},?\\s{1,3}(\\d{4})`, "i"),
    read: ([, m, d, y]) => [+y, monthNumber(m), +d],
  },
  {
    pattern: /^(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?!\d)/,
    read: ([, d, m, y]) => [fullYear(y), +m, +d],
  },
  {
    // 03/04/2026 is read by the caller's custom unless a part can only be a day.
    pattern: /^(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?!\d)/,
    read: ([, a, b, y], dayFirst) => {
      const [day, month] = +a > 12 || (dayFirst && +b <= 12) ? [+a, +b] : [+b, +a];
      return [fullYear(y), month, day, +a <= 12 && +b <= 12 && a !== b];
    },
  },
];

function readTime(text) {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, hours, minutes, seconds = "00", half, zone] = match;
  if (minutes === undefined && half === undefined) return undefined;
  let hour = Number(hours);
  if (half !== undefined && (hour < 1 || hour > 12)) return undefined;
  if (half !== undefined) hour = (hour % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
  if (hour > 23 || Number(minutes ?? 0) > 59 || Number(seconds) > 59) return undefined;
  const offset =
    zone === undefined ? "" : /^[zug]/i.test(zone) ? "Z" : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  return { time: `${pad(hour)}:${minutes ?? "00"}:${seconds}`, offset };
}

export default function parseDate(context) {
  const source = context.text ?? context.prev_result;
  if (typeof source !== "string")
    throw new TypeError(`Expected text to be a string, got ${typeof source}`);
  const text = source.trim().replace(/^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?\s{1,3}/i, "");
  const unreadable = (why) =>
    new RangeError(`Expected a date, got "${source.slice(0, 60)}": ${why}`);

  // Seconds or milliseconds since 1970.
  if (/^(?:\d{9,10}|\d{12,13})$/.test(text)) {
    const iso = new Date(Number(text) * (text.length > 10 ? 1 : 1000))
      .toISOString()
      .replace(/\.\d{3}Z$/, "Z");
    return { iso, date: iso.slice(0, 10), time: iso.slice(11, 19), offset: "Z", ambiguous: false };
  }

  for (const { pattern, read } of FORMATS) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const [year, month, day, ambiguous = false] = read(match, context.dayFirst ?? false);
    const date = `${pad(year, 4)}-${pad(month)}-${pad(day)}`;
    const daysInMonth = new Date(Date.UTC(year, month, 0)).getUTCDate();
    if (month < 1 || month > 12 || day < 1 || day > daysInMonth)
      throw unreadable(`${date} is not in the calendar`);

    const rest = text.slice(match[0].length).replace(/^,?\s{1,3}at\s/i, " ");
    if (rest.trim() === "") return { iso: date, date, ambiguous };
    const clock = readTime(
      rest.replace(
        /^T(\d{2})(\d{2})(\d{2})?(?=[z+-]|$)/i,
        (_, hour, minute, second = "00") => `T${hour}:${minute}:${second}`,
      ),
    );
    if (clock === undefined) throw unreadable(`"${rest.trim()}" is not a time of day`);
    return { iso: `${date}T${clock.time}${clock.offset}`, date, ...clock, ambiguous };
  }
  throw unreadable("it is in no format known here");
}
