import validator from 'validator';

/** First digits of an issuer's cards, from and to, and the lengths that it issues. */
type Issuer = readonly [from: string, to: string, lengths: readonly number[]];

const FIVE = [15];
const SIX = [16];
const UP_TO_19 = [16, 17, 18, 19];

/**
 * ISO/IEC 7812-1 and the ranges that the schemes publish; where a scheme allows more lengths than it issues, those in use.
 * Maestro is given by the ranges of its issuers: 50 and 56-69 as a whole would make a card of every tenth number.
 */
const ISSUERS: readonly Issuer[] = [
  ['4', '4', [13, 16, 19]], // Visa
  ['51', '55', SIX], // Mastercard
  ['2221', '2720', SIX], // Mastercard
  ['34', '34', FIVE], // American Express
  ['37', '37', FIVE], // American Express
  ['300', '305', [14]], // Diners Club
  ['3095', '3095', [14]], // Diners Club
  ['36', '36', [14]], // Diners Club
  ['38', '39', [14]], // Diners Club
  ['6011', '6011', [16, 19]], // Discover
  ['644', '659', [16, 19]], // Discover; Troy, RuPay and Elo inside
  ['62', '62', UP_TO_19], // UnionPay; 622126-622925 also Discover
  ['810', '829', UP_TO_19], // UnionPay, RuPay
  ['3528', '3589', [16, 19]], // JCB
  ['2131', '2131', FIVE], // JCB
  ['1', '1', FIVE], // UATP; JCB inside
  ['2200', '2204', UP_TO_19], // Mir
  ['5018', '5018', UP_TO_19], // Maestro
  ['5020', '5020', UP_TO_19], // Maestro
  ['5038', '5038', UP_TO_19], // Maestro
  ['5893', '5893', UP_TO_19], // Maestro
  ['6304', '6304', UP_TO_19], // Maestro
  ['6759', '6759', UP_TO_19], // Maestro
  ['6761', '6765', UP_TO_19], // Maestro
  ['5019', '5019', SIX], // Dankort
  ['508', '508', SIX], // RuPay
  ['606985', '608500', SIX], // RuPay
  ['506099', '506198', UP_TO_19], // Verve
  ['507865', '507964', UP_TO_19], // Verve
  ['504175', '504175', SIX], // Elo
  ['506699', '506778', SIX], // Elo
  ['509000', '509999', SIX], // Elo
  ['627780', '627780', SIX], // Elo
  ['636297', '636369', SIX], // Elo
  ['606282', '606282', SIX], // Hipercard
  ['637095', '637095', SIX], // Hipercard
  ['9792', '9792', SIX], // Troy
  ['8600', '8600', SIX], // Uzcard
  ['9860', '9860', SIX], // Humo
];

/** Groups that one and the same sign divides, as on a card. */
const GROUPED = /^[0-9]{3,7}(?:([._/+\u2010-\u2014])[0-9]{3,7})(?:\1[0-9]{3,7}){1,4}$/;

/**
 * Whether a text is a payment card number: an issuer's first digits, one of its lengths, the Luhn check digit. Spaces and
 * dashes count as nothing; other signs (`4111.1111.1111.1111`) only where each pair of groups has the same.
 */
export function isCardNumber(text: string): boolean {
  const plain = text.replaceAll('%20', ' ').replace(/[\s-]/g, '');
  const digits = GROUPED.test(plain) ? plain.replace(/[^0-9]/g, '') : plain;
  if (!/^[0-9]{13,19}$/.test(digits) || !hasIssuer(digits) || isOneDigit(digits)) return false;
  if ((digits.length === 13 && isEan13(digits)) || isProgression(digits)) return false;
  return validator.isLuhnNumber(digits);
}

function hasIssuer(digits: string): boolean {
  return ISSUERS.some(([from, to, lengths]) => {
    const prefix = digits.slice(0, from.length);
    return prefix >= from && prefix <= to && lengths.includes(digits.length);
  });
}

/** 0000 0000 0000 0000 passes every checksum and is nobody's number. */
export function isOneDigit(digits: string): boolean {
  return /^(\d)\1*$/.test(digits);
}

/** `5260 5261 5262 5263` counts something. */
function isProgression(digits: string): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = (digits.match(/[0-9]{4}/g) ?? []).map(Number);
  return digits.length === 16 && b > a && c - b === b - a && d - c === b - a;
}

/** German and Japanese articles have a 13-digit number that begins with 4 (GS1 General Specifications 7.9). */
function isEan13(digits: string): boolean {
  const sum = [...digits].reduce((total, digit, i) => total + Number(digit) * (i % 2 === 0 ? 1 : 3), 0);
  return sum % 10 === 0;
}
