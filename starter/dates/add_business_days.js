const DAY_MS = 86_400_000;
const NAMES = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const isoDay = (timeMs) => new Date(timeMs).toISOString().slice(0, 10);

function parseDay(text, what) {
  const timeMs = Date.parse(`${text}T00:00:00Z`);
  // Some engines roll 30 February over into March.
  if (Number.isNaN(timeMs) || isoDay(timeMs) !== text) {
    throw new RangeError(`Expected ${what} to be a day of the calendar, YYYY-MM-DD, got "${text}"`);
  }
  return timeMs;
}

export default function addBusinessDays(context) {
  const { date, days, holidays = [], weekend = [6, 0] } = context;
  const weekendDays = new Set(weekend);
  if (weekendDays.size === 7)
    throw new RangeError("Expected at least one day of the week outside the weekend");
  const holidayTimes = new Set(holidays.map((holiday) => parseDay(holiday, "a holiday")));

  let timeMs = parseDay(date, "date");
  const step = days < 0 ? -DAY_MS : DAY_MS;
  const holidaysSkipped = [];
  let left = Math.abs(days);

  const isBusinessDay = () =>
    !weekendDays.has(new Date(timeMs).getUTCDay()) && !holidayTimes.has(timeMs);
  // Zero days from a day off is the next business day.
  if (left === 0) left = isBusinessDay() ? 0 : 1;
  while (left > 0) {
    timeMs += step;
    if (isBusinessDay()) left--;
    else if (holidayTimes.has(timeMs) && !weekendDays.has(new Date(timeMs).getUTCDay())) {
      holidaysSkipped.push(isoDay(timeMs));
    }
  }
  return { date: isoDay(timeMs), weekday: NAMES[new Date(timeMs).getUTCDay()], holidaysSkipped };
}
