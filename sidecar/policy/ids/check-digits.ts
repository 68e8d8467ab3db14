import validator from 'validator';
import { isNhs } from '../health-checks.js';
import { isBirthdayOfAnyCentury, pairsAt } from './calendar.js';
import { LIBRARY_CHECKS } from './library.js';
import { type IdCheck, isLuhn, weightedSum } from './weights.js';

/** Digit sum of twice a digit. */
const DOUBLED = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];

/** Numbers without a date that no library at hand has, or that it checks wrongly. */
export const CHECK_DIGITS: Readonly<Record<string, IdCheck>> = {
  // CBU, Banco Central de la República Argentina, communication A 2557: bank and branch, account, each with a check digit.
  'ar.cbu': (text) => {
    if (!/^\d{22}$/.test(text)) return false;
    const first = weightedSum(text, [7, 1, 3, 9, 7, 1, 3, 1]) % 10 === 0;
    return first && weightedSum(text.slice(8), [3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3, 1]) % 10 === 0;
  },
  // Medicare card: eight digits, check digit, issue, sometimes the person on the card.
  'au.medicare': (text) =>
    /^[2-6]\d{8}[1-9]\d?$/.test(text) && weightedSum(text, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(text[8]),
  // Serial number of an identity card or passport since 2007 with its check digit, ICAO Doc 9303 part 3, 4.9.
  'de.document': (text) => /^[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ\d]{8}\d$/.test(text) && isIcaoChecked(text),
  // Krankenversichertennummer, section 290 SGB V: the letter counts as its place in the alphabet, two digits; weights 1 and 2
  // from the left, digits of the products added. The last digit of that sum is the check digit, not what it lacks to ten.
  'de.kvnr': (text) => {
    if (!/^[A-Z]\d{9}$/.test(text)) return false;
    const digits = String(text.charCodeAt(0) - 64).padStart(2, '0') + text.slice(1, 9);
    const sum = [...digits]
      .map(Number)
      .reduce((total, digit, i) => total + (i % 2 === 0 ? digit : (DOUBLED[digit] ?? 0)), 0);
    return sum % 10 === Number(text[9]);
  },
  // Número de afiliación a la Seguridad Social: province, number, both modulo 97. A number below ten millions counts as seven digits.
  'es.nss': (text) => {
    if (!/^(?:0[1-9]|[1-4]\d|5[0-3]|66)\d{10}$/.test(text)) return false;
    const [province, number] = [Number(text.slice(0, 2)), Number(text.slice(2, 10))];
    const whole = province * (number < 10_000_000 ? 10_000_000 : 100_000_000) + number;
    return whole % 97 === Number(text.slice(10));
  },
  // SIRET: SIREN and whole both pass Luhn; those of La Poste (356 000 000) have a digit sum divisible by 5.
  'fr.siret': (text) => {
    if (!/^\d{14}$/.test(text) || !isLuhn(text.slice(0, 9))) return false;
    return isLuhn(text) || (text.startsWith('356000000') && weightedSum(text, Array(14).fill(1)) % 5 === 0);
  },
  'gb.nhs': isNhs,
  // HKID: one or two letters (A is 10, a missing first one 36), six digits, check digit (A is 10); weights 9 to 1, modulus 11.
  // The library refuses the letter O.
  'hk.hkid': (text) => {
    if (!/^[A-Z]{1,2}\d{6}[\dA]$/.test(text)) return false;
    const values = [...text].map(documentValue);
    if (text.length === 8) values.unshift(36);
    return values.reduce((sum, value, i) => sum + value * (9 - i), 0) % 11 === 0;
  },
  // Adószám of a company: törzsszám with its check digit, kind of taxation, county of the tax office.
  'hu.adoszam': (text) =>
    /^\d{8}[1-5](?:0[2-9]|[1-3]\d|4[0-4]|51)$/.test(text) && LIBRARY_CHECKS['hu.anum']?.(text.slice(0, 8)) === true,
  // Adóazonosító jel: 8, the days since 1867, serial.
  'hu.tax': (text) => /^8\d{9}$/.test(text) && weightedSum(text, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 === Number(text[9]),
  // TAJ-szám.
  'hu.taj': (text) => /^\d{9}$/.test(text) && weightedSum(text, [3, 7, 3, 7, 3, 7, 3, 7]) % 10 === Number(text[8]),
  // کد ملی.
  'ir.id': (text) => {
    if (!/^\d{10}$/.test(text)) return false;
    const rest = weightedSum(text, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    return Number(text[9]) === (rest < 2 ? rest : 11 - rest);
  },
  // マイナンバー, ordinance of the Ministry of Internal Affairs no. 85 of 2014, article 5.
  'jp.my': (text) => {
    if (!/^\d{12}$/.test(text)) return false;
    const rest = weightedSum(text, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    return Number(text[11]) === (rest < 2 ? 0 : 11 - rest);
  },
  // Matricule: YYYYMMDD, serial, a Luhn and a Verhoeff digit.
  'lu.matricule': (text) => validator.isTaxID(text, 'fr-LU'),
  // National identity number of Mauritius: initial of the surname, DDMMYY, serial; modulus 17.
  'mu.nid': (text) => {
    if (!/^[A-Z]\d{12}[\dA-G]$/.test(text) || !isBirthdayOfAnyCentury(...dayFirst(text))) return false;
    return [...text].reduce((sum, sign, i) => sum + documentValue(sign) * (i < 13 ? 14 - i : 1), 0) % 17 === 0;
  },
  // RFC: the library also takes a check digit counted with an alphabet that is out of use, so that a tenth of all wrong ones pass.
  'mx.rfc': (text) => {
    const isRight = text.length < 12 || RFC_CHECK[rfcSum(text) % 11] === text.at(-1);
    return isRight && LIBRARY_CHECKS['mx.rfc']?.(text) === true;
  },
  // National Health Index, HISO 10046:2023: three letters (not I, O) and four digits, or a letter each at the end.
  'nz.nhi': (text) => {
    const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ';
    const isNew = /^[A-HJ-NP-Z]{3}\d{2}[A-HJ-NP-Z]{2}$/.test(text);
    if (!isNew && !/^[A-HJ-NP-Z]{3}\d{4}$/.test(text)) return false;
    const values = [...text].map((sign) => (/\d/.test(sign) ? Number(sign) : letters.indexOf(sign) + 1));
    const sum = values.slice(0, 6).reduce((total, value, i) => total + value * (7 - i), 0);
    if (isNew) return values[6] === 23 - (sum % 23);
    return sum % 11 !== 0 && values[6] === (11 - (sum % 11)) % 10;
  },
  // Dowód osobisty: three letters, check digit, five digits; and passport: two letters, check digit, six digits.
  'pl.idcard': (text) => /^[A-Z]{3}\d{6}$/.test(text) && isPolishDocument(text, 3, [7, 3, 1, 0, 7, 3, 1, 7, 3]),
  'pl.passport': (text) => /^[A-Z]{2}\d{7}$/.test(text) && isPolishDocument(text, 2, [7, 3, 0, 1, 7, 3, 1, 7, 3]),
  // СНИЛС: nine digits, the weighted sum modulo 101.
  'ru.snils': (text) => {
    if (!/^\d{11}$/.test(text) || Number(text.slice(0, 9)) <= 1_001_998) return false;
    return (weightedSum(text, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101) % 100 === Number(text.slice(9));
  },
  // NIT of El Salvador: municipality, DDMMYY, serial; numbers given before the serials above 100 have other weights.
  'sv.nit': (text) => {
    if (!/^[019]\d{13}$/.test(text) || !isBirthdayOfAnyCentury(...dayFirst(text, 4))) return false;
    const isOld = text.slice(10, 13) <= '100';
    const old = (weightedSum(text, [14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 10;
    const rest = weightedSum(text, [2, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    return Number(text[13]) === (isOld ? old : ((11 - rest) % 11) % 10);
  },
  // رقم الهوية الوطنية: 1 for citizens, 2 for residents, Luhn.
  'sa.nid': (text) => /^[12]\d{9}$/.test(text) && isLuhn(text),
  // NRIC and FIN: the letter in front chooses the row of letters at the end.
  'sg.nric': (text) => {
    if (!/^[STFGM]\d{7}[A-Z]$/.test(text)) return false;
    const offset = { T: 4, G: 4, M: 3 }[text[0] as string] ?? 0;
    const row = { S: 'JZIHGFEDCBA', T: 'JZIHGFEDCBA', M: 'XWUTRQPNJLK' }[text[0] as string] ?? 'XWUTRQPNMLK';
    return row[(offset + weightedSum(text.slice(1), [2, 7, 6, 5, 4, 3, 2])) % 11] === text[8];
  },
};

/** Year, month and day of DDMMYY. */
function dayFirst(text: string, at = 1): [number, number, number] {
  const [day, month, year] = pairsAt(text, at);
  return [year, month, day];
}

/** A letter's value in documents: A is 10, Z is 35. */
function documentValue(sign: string): number {
  return Number.parseInt(sign, 36);
}

/** Anexo 19 of the Resolución Miscelánea Fiscal: values of the signs, weights 13 to 2; companies have one letter less in front. */
const RFC_SIGNS = '0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ';
const RFC_CHECK = '0A987654321';

function rfcSum(text: string): number {
  return [...text.slice(0, -1).padStart(12)].reduce((sum, sign, i) => sum + RFC_SIGNS.indexOf(sign) * (13 - i), 0);
}

function isIcaoChecked(text: string): boolean {
  const weights = [7, 3, 1];
  const sum = [...text.slice(0, -1)].reduce(
    (total, sign, i) => total + documentValue(sign) * (weights[i % 3] as number),
    0,
  );
  return sum % 10 === Number(text.at(-1));
}

function isPolishDocument(text: string, checkAt: number, weights: readonly number[]): boolean {
  const sum = [...text].reduce((total, sign, i) => total + documentValue(sign) * (weights[i] as number), 0);
  return sum % 10 === Number(text[checkAt]);
}
