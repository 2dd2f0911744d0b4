/** Issuer by leading digits and length. */
const BRANDS = [
  { brand: "visa", pattern: /^4/, lengths: [13, 16, 19] },
  {
    brand: "mastercard",
    pattern: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/,
    lengths: [16],
  },
  { brand: "amex", pattern: /^3[47]/, lengths: [15] },
  { brand: "discover", pattern: /^(?:6011|64[4-9]|65)/, lengths: [16, 19] },
  { brand: "jcb", pattern: /^35(?:2[89]|[3-8])/, lengths: [16, 17, 18, 19] },
  { brand: "diners", pattern: /^3(?:0[0-5]|[689])/, lengths: [14, 16, 19] },
  { brand: "unionpay", pattern: /^62/, lengths: [16, 17, 18, 19] },
  { brand: "maestro", pattern: /^(?:50|5[6-9]|6)/, lengths: [12, 13, 14, 15, 16, 17, 18, 19] },
];

/** From the right, every second digit is doubled and its digits are added; the sum ends in 0. */
function passesLuhn(digits) {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

export default function validateCardNumber(context) {
  const source = context.number ?? context.prev_result;
  if (typeof source !== "string")
    throw new TypeError(`Expected number to be a string of digits, got ${typeof source}`);
  const digits = source.replace(/[\s-]/g, "");
  const fail = (reason) => ({ valid: false, reason });
  if (!/^\d+$/.test(digits))
    return fail("there is something other than digits, spaces and hyphens");
  if (digits.length < 12 || digits.length > 19)
    return fail(`a card number has 12 to 19 digits, not ${digits.length}`);

  const issuer = BRANDS.find(({ pattern }) => pattern.test(digits));
  if (issuer && !issuer.lengths.includes(digits.length)) {
    return fail(
      `numbers of ${issuer.brand} have ${issuer.lengths.join(" or ")} digits, not ${digits.length}`,
    );
  }
  if (!passesLuhn(digits))
    return fail("the check digit does not match: a digit is wrong or two are swapped");
  return {
    valid: true,
    brand: issuer?.brand ?? "unknown",
    masked: digits.slice(-4).padStart(digits.length, "*"),
  };
}
