const CURRENCIES = new Map([
  ["$", "USD"],
  ["us$", "USD"],
  ["€", "EUR"],
  ["£", "GBP"],
  ["¥", "JPY"],
  ["₹", "INR"],
  ["₩", "KRW"],
  ["₽", "RUB"],
  ["₺", "TRY"],
  ["₴", "UAH"],
  ["₪", "ILS"],
  ["zł", "PLN"],
  ["kč", "CZK"],
  ["a$", "AUD"],
  ["c$", "CAD"],
  ["r$", "BRL"],
]);
const CODES =
  "USD EUR GBP JPY CHF CNY INR KRW AUD CAD NZD SEK NOK DKK PLN CZK HUF RON BGN TRY UAH ILS BRL MXN ZAR SGD HKD THB AED SAR";
for (const code of CODES.split(" ")) CURRENCIES.set(code.toLowerCase(), code);

const SIGN = `(?:US|A|C|R)?\\$|[€£¥₹₩₽₺₴₪]|zł|Kč|(?<!\\p{L})(?:${CODES.replaceAll(" ", "|")})(?!\\p{L})`;
const NUMBER =
  "\\d{1,3}(?:[.,'’\\u00a0\\u202f ]\\d{3}){1,5}(?:[.,]\\d{1,2})?(?!\\d)|\\d{1,12}(?:[.,]\\d{1,3})?(?!\\d)";
const PRICE = new RegExp(
  `(${SIGN})\\s?(-?)(${NUMBER})|(-?)(?<![\\d.,])(${NUMBER})\\s?(${SIGN})`,
  "giu",
);

/**
 * "1.234,56", "1,234.56", "1 234" and "12.5": the last separator is a decimal point unless three
 * digits follow it, as in 1.234 but not 0.999.
 */
function toAmount(text) {
  const match = /^(0(?=[.,])|.*?)(?:[.,](\d{1,2}|(?<=^0.)\d{3}))?$/u.exec(text);
  return Number(`${match[1].replace(/\D/gu, "")}.${match[2] ?? 0}`);
}

export default function extractPrices(context) {
  const text = context.text ?? context.prev_result;
  if (typeof text !== "string")
    throw new TypeError(`Expected text to be a string, got ${typeof text}`);
  const { dollar = "USD" } = context;

  return Array.from(text.matchAll(PRICE), (match) => {
    const sign = (match[1] ?? match[6]).toLowerCase();
    const amount = toAmount(match[3] ?? match[5]);
    const negative = (match[2] ?? match[4]) === "-" && amount !== 0;
    return {
      amount: negative ? -amount : amount,
      currency: sign === "$" ? dollar : CURRENCIES.get(sign),
      text: match[0],
    };
  });
}
