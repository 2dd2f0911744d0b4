/** Length of an IBAN per country, from the registry kept by SWIFT. */
const LENGTHS = new Map(
  (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 " +
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 " +
    "LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 " +
    "QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
  )
    .split(" ")
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** ISO 7064 MOD 97-10 over the rearranged number, letters counted from A = 10. */
function remainder(iban) {
  let rest = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}

export default function validateIban(context) {
  const source = context.iban ?? context.prev_result;
  if (typeof source !== "string")
    throw new TypeError(`Expected iban to be a string, got ${typeof source}`);
  const iban = source
    .replace(/^\s*IBAN:?/i, "")
    .replace(/[\s-]/g, "")
    .toUpperCase();
  const country = iban.slice(0, 2);

  const fail = (reason) => ({ valid: false, reason });
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{1,30}$/.test(iban))
    return fail("an IBAN is two letters, two digits and up to 30 letters or digits");
  const length = LENGTHS.get(country);
  if (length === undefined) return fail(`${country} is no country with IBANs`);
  if (iban.length !== length)
    return fail(`an IBAN of ${country} has ${length} characters, not ${iban.length}`);
  if (remainder(iban) !== 1)
    return fail("the check digits do not match: a character is wrong or two are swapped");
  return { valid: true, country, iban, formatted: iban.match(/.{1,4}/g).join(" ") };
}
