const DAY_MS = 86_400_000;
/** A schedule on 29 February can pause for eight years around 2100. */
const MAX_DAYS = 366 * 9;

const MACROS = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);
const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const WEEKDAYS = "sun mon tue wed thu fri sat".split(" ");
const FIELDS = [
  { name: "minute", min: 0, max: 59, names: [] },
  { name: "hour", min: 0, max: 23, names: [] },
  { name: "day of month", min: 1, max: 31, names: [] },
  { name: "month", min: 1, max: 12, names: MONTHS },
  { name: "day of week", min: 0, max: 7, names: WEEKDAYS }, // both 0 and 7 are Sunday
];

function parseField(text, { name, min, max, names }) {
  const invalid = (part) =>
    new RangeError(`Expected ${name} to be *, ${min}-${max}, a list, range or step, got "${part}"`);
  const number = (token, part) => {
    const named = names.indexOf(token.toLowerCase());
    const value = named === -1 ? Number(token) : named + min;
    if ((named === -1 && !/^\d{1,2}$/.test(token)) || value < min || value > max)
      throw invalid(part);
    return value;
  };

  const values = new Set();
  for (const part of text.split(",")) {
    const match = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d{1,2}))?$/.exec(part);
    if (match === null) throw invalid(part);
    const [, low, high, step] = match;
    const first = low === undefined ? min : number(low, part);
    // "5/15" means from 5 on, every 15.
    const openEnd = low === undefined || step !== undefined;
    const last = high !== undefined ? number(high, part) : openEnd ? max : first;
    if (first > last || Number(step) === 0) throw invalid(part);
    for (let value = first; value <= last; value += Number(step ?? 1)) values.add(value);
  }
  return values;
}

export default function nextCronRuns(context) {
  const expression = context.expression.trim();
  const fields = (MACROS.get(expression.toLowerCase()) ?? expression).split(/\s+/);
  if (fields.length !== 5) {
    throw new RangeError(
      `Expected five fields (minute hour day month weekday), got ${fields.length} in "${expression}"`,
    );
  }
  const [minutes, hours, days, months, weekdays] = fields.map((field, index) =>
    parseField(field, FIELDS[index]),
  );
  if (weekdays.has(7)) weekdays.add(0);

  const fromMs = context.from === undefined ? Date.now() : Date.parse(context.from);
  if (Number.isNaN(fromMs))
    throw new RangeError(`Expected from to be an ISO 8601 time, got "${context.from}"`);

  // Classic cron: when both day fields are restricted, either of them is enough.
  const eitherDay = !fields[2].startsWith("*") && !fields[4].startsWith("*");
  const dayMatches = (date) => {
    const byMonth = days.has(date.getUTCDate());
    const byWeek = weekdays.has(date.getUTCDay());
    return (
      months.has(date.getUTCMonth() + 1) && (eitherDay ? byMonth || byWeek : byMonth && byWeek)
    );
  };

  const inOrder = (values) => [...values].sort((a, b) => a - b);
  const times = inOrder(hours).flatMap((hour) =>
    inOrder(minutes).map((minute) => (hour * 60 + minute) * 60_000),
  );
  const runs = [];
  const count = context.count ?? 5;
  const firstDayMs = Math.floor(fromMs / DAY_MS) * DAY_MS;
  for (let day = 0, found = 0; day <= MAX_DAYS + found && runs.length < count; day++) {
    const dayMs = firstDayMs + day * DAY_MS;
    if (!dayMatches(new Date(dayMs))) continue;
    found = day;
    for (const timeMs of times) {
      if (dayMs + timeMs > fromMs && runs.length < count)
        runs.push(new Date(dayMs + timeMs).toISOString().slice(0, 16) + "Z");
    }
  }
  if (runs.length === 0) throw new RangeError(`"${expression}" never runs`);
  return runs;
}
