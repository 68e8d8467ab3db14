import validator from 'validator';

/**
 * US National Provider Identifier: 10 digits that begin with 1 or 2; Luhn over them with the prefix 80840 (Centers for Medicare
 * & Medicaid Services, "NPI check digit requirements"; 45 CFR 162.406). One digit nine times is nobody's number.
 */
export function isNpi(text: string): boolean {
  const digits = compact(text);
  return /^[12]\d{9}$/.test(digits) && !/^(\d)\1{8}/.test(digits) && validator.isLuhnNumber(`80840${digits}`);
}

/** Letters that a registration with the US Drug Enforcement Administration begins with: the kind of registrant. */
const DEA_KINDS = 'ABCDEFGHJKLMPRSTUX';

/**
 * US DEA registration number: kind of registrant, first letter of a name (9: a business), six digits, check digit. The
 * last digit of (1st + 3rd + 5th) + 2 * (2nd + 4th + 6th) is the seventh. Zeros alone are nobody's number.
 */
export function isDea(text: string): boolean {
  const value = compact(text).toUpperCase();
  if (!/^[A-Z][A-Z9]\d{7}$/.test(value) || !DEA_KINDS.includes(value.charAt(0))) return false;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, check] = [...value.slice(2)].map(Number);
  const sum = a + c + e + 2 * (b + d + f);
  return sum > 0 && sum % 10 === check;
}

/**
 * NHS number of England, Wales and the Isle of Man (also the CHI number of Scotland and the H&C number of Northern Ireland): ten digits,
 * weights 10 to 2, modulus 11 (NHS Data Dictionary, "NHS NUMBER"). One digit ten times is nobody's number.
 */
export function isNhs(text: string): boolean {
  const digits = compact(text);
  if (!/^\d{10}$/.test(digits) || /^(\d)\1*$/.test(digits)) return false;
  const sum = [...digits.slice(0, 9)].reduce((total, digit, i) => total + Number(digit) * (10 - i), 0);
  return (11 - (sum % 11)) % 11 === Number(digits[9]);
}

function compact(text: string): string {
  return text.replace(/[\s-]/g, '');
}
