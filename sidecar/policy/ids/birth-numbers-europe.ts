import { isBirthday, isBirthdayOfAnyCentury, pairsAt } from './calendar.js';
import { type IdCheck, isLuhn, weightedSum } from './weights.js';

/**
 * European personal numbers that begin with a date of birth. The library `stdnum` has most of them, but compares the date
 * with the clock, so that its answer would change from day to day; for Bulgaria, Estonia and Iceland it takes days and
 * months that do not exist.
 */
export const BIRTH_NUMBERS_EUROPE: Readonly<Record<string, IdCheck>> = {
  // Sozialversicherungsnummer: serial, check digit, DDMMYY (month 13 to 15 when a day's serials are used up).
  'at.svnr': (text) => {
    if (!/^[1-9]\d{3}(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-5])\d\d$/.test(text)) return false;
    return weightedSum(text, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === Number(text[3]);
  },
  // Rijksregisternummer: YYMMDD (unknown parts 00, month +20 or +40 for the number of a foreigner), serial, 97 less the rest.
  'be.nn': (text) => {
    if (!/^\d{2}(?:[024][0-9]|[135][0-2])(?:[0-2]\d|3[01])\d{5}$/.test(text)) return false;
    const [base, check] = [Number(text.slice(0, 9)), Number(text.slice(9))];
    return check === 97 - (base % 97) || check === 97 - ((2_000_000_000 + base) % 97);
  },
  // ЕГН: YYMMDD, month +20 in the 19th and +40 in the 21st century.
  'bg.egn': (text) => {
    if (!/^\d{10}$/.test(text)) return false;
    const [year, month, day] = pairsAt(text, 0);
    const century = [1900, 1800, 2000][Math.floor(month / 20)] ?? 0;
    const isDay = isBirthday(century + year, month % 20, day);
    return isDay && (weightedSum(text, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === Number(text[9]);
  },
  // Rodné číslo of 1954 and later: YYMMDD, month +50 for women and +20 for more numbers a day, divisible by 11.
  'cz.rc': (text) => /^\d{10}$/.test(text) && isCzechDay(text, true) && isCzechCheck(text),
  // Rodné číslo before 1954: the same without a check digit.
  'cz.rc9': (text) => /^[0-4]\d{8}$|^5[0-3]\d{7}$/.test(text) && isCzechDay(text, false) && !text.endsWith('000'),
  // CPR-nummer: DDMMYY, the seventh digit tells the century. Numbers given since 2007 need not pass the check.
  'dk.cpr': isDanishDay,
  'dk.cpr11': (text) => isDanishDay(text) && weightedSum(text, [4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0,
  // Isikukood and asmens kodas: century and sex, YYMMDD, serial; a second row of weights when the first gives 10.
  'ee.ik': isBalticNumber,
  'lt.ak': isBalticNumber,
  // Henkilötunnus: DDMMYY, a sign for the century (more of them since 2023), serial, one of 31 signs.
  'fi.hetu': (text) => {
    const parts = /^(\d{6})([-+A-FU-Y]?)(\d{3})([0-9A-FHJ-NPR-Y])$/.exec(text);
    if (!parts) return false;
    const [, date = '', sign = '', serial = '', check = ''] = parts;
    const [day, month, year] = pairsAt(date, 0);
    const century = sign === '+' ? 1800 : /[A-F]/.test(sign) ? 2000 : 1900;
    const isRight = '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(date + serial) % 31] === check;
    return isRight && Number(serial) >= 2 && isBirthday(century + year, month, day);
  },
  // ΑΜΚΑ: DDMMYY, Luhn.
  'gr.amka': (text) => {
    if (!/^\d{11}$/.test(text)) return false;
    const [day, month, year] = pairsAt(text, 0);
    return isBirthdayOfAnyCentury(year, month, day) && isLuhn(text);
  },
  // Személyi azonosító, act XX of 1996: sex and century, YYMMDD, serial; the weights were turned round for births since 1997.
  'hu.personal': (text) => {
    if (!/^[1-8]\d{10}$/.test(text)) return false;
    const [twoDigits, month, day] = pairsAt(text, 1);
    const year = (/^[1256]/.test(text) ? 1900 : 2000) + twoDigits;
    const weights = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const sum = weightedSum(text, year < 1997 ? weights : weights.toReversed());
    return isBirthday(year, month, day) && sum % 11 === Number(text[10]);
  },
  // Kennitala: DDMMYY (day +40 for companies), two digits, check, century.
  'is.kennitala': (text) => {
    if (!/^[0-7]\d{8}[089]$/.test(text)) return false;
    const [day, month, year] = pairsAt(text, 0);
    const century = { 8: 1800, 9: 1900, 0: 2000 }[text[9] as '8' | '9' | '0'];
    const isDay = isBirthday(century + year, month, day > 40 ? day - 40 : day);
    return isDay && weightedSum(text, [3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0;
  },
  // ЈМБГ, EMŠO (Yugoslavia's successors): DDMM and three digits of the year, region, serial.
  jmbg: (text) => {
    if (!/^\d{4}[089]\d{8}$/.test(text)) return false;
    const [day, month] = pairsAt(text, 0);
    const year = Number(text.slice(4, 7));
    const isDay = isBirthday((year < 800 ? 2000 : 1000) + year, month, day);
    return (
      isDay && ((11 - (weightedSum(text, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11) % 10 === Number(text[12])
    );
  },
  // Personas kods: DDMMYY, century; since 2017 a number that begins with 32 and says nothing.
  'lv.pk': (text) => {
    if (!/^\d{11}$/.test(text)) return false;
    const [day, month, year] = pairsAt(text, 0);
    const century = [1800, 1900, 2000][Number(text[6])] ?? 0;
    if (!text.startsWith('32') && !isBirthday(century + year, month, day)) return false;
    return ((1 + weightedSum(text, [10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11) % 10 === Number(text[10]);
  },
  // Fødselsnummer: DDMMYY (day +40 for a D number, month +40 or +80 for other issuers and tests), two check digits.
  'no.fnr': (text) => {
    if (!/^\d{11}$/.test(text)) return false;
    const [day, month, year] = pairsAt(text, 0);
    const first = weightedSum(text, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0;
    const isDay = isBirthdayOfAnyCentury(year, month % 40, day > 40 ? day - 40 : day);
    return first && isDay && weightedSum(text, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0;
  },
  // PESEL: YYMMDD, month +80 in the 19th and +20 in the 21st century.
  'pl.pesel': (text) => {
    if (!/^\d{11}$/.test(text)) return false;
    const [year, month, day] = pairsAt(text, 0);
    const century = { 0: 1900, 1: 2000, 4: 1800 }[Math.floor(month / 20)] ?? 0;
    const isDay = isBirthday(century + year, month % 20, day);
    return isDay && weightedSum(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0;
  },
  // Cod numeric personal: sex and century, YYMMDD, county, serial.
  'ro.cnp': (text) => {
    if (!/^[1-9]\d{6}(?:0[1-9]|[1-4]\d|5[0-2]|70|8[0-3])\d{4}$/.test(text)) return false;
    const [year, month, day] = pairsAt(text, 1);
    const century = [1900, 1900, 1800, 1800, 2000, 2000][Number(text[0]) - 1];
    const isDay = century ? isBirthday(century + year, month, day) : isBirthdayOfAnyCentury(year, month, day);
    const rest = weightedSum(text, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    return isDay && (rest === 10 ? 1 : rest) === Number(text[12]);
  },
  // Personnummer and samordningsnummer (day +60): (YY)YYMMDD, serial, Luhn over the last ten.
  'se.pnr': (text) => {
    const parts = /^(1[89]|20)?(\d{6})\+?(\d{4})$/.exec(text);
    if (!parts) return false;
    const [, century, date = '', rest = ''] = parts;
    const [year, month, day] = pairsAt(date, 0);
    const dayOfMonth = day > 60 ? day - 60 : day;
    const isDay = century
      ? isBirthday(Number(century) * 100 + year, month, dayOfMonth)
      : isBirthdayOfAnyCentury(year, month, dayOfMonth);
    return isDay && isLuhn(date + rest);
  },
};

function isCzechDay(text: string, isLong: boolean): boolean {
  const [year, month, day] = pairsAt(text, 0);
  const offset = [70, 50, 20, 0].find((value) => month > value) ?? 0;
  return isBirthday((isLong && year < 54 ? 2000 : 1900) + year, month - offset, day);
}

/** Some numbers given until 1985 end in 0 where the division by 11 left 10. */
function isCzechCheck(text: string): boolean {
  return (Number(text.slice(0, 9)) % 11) % 10 === Number(text[9]);
}

function isDanishDay(text: string): boolean {
  if (!/^\d{10}$/.test(text)) return false;
  const [day, month, year] = pairsAt(text, 0);
  const century = Number(text[6]);
  const isOld = century < 4 || ((century === 4 || century === 9) && year > 36);
  if (isOld) return isBirthday(1900 + year, month, day);
  return isBirthday((century > 4 && century < 9 && year > 57 ? 1800 : 2000) + year, month, day);
}

function isBalticNumber(text: string): boolean {
  if (!/^[1-6]\d{10}$/.test(text)) return false;
  const [year, month, day] = pairsAt(text, 1);
  const century = 1800 + 100 * Math.floor((Number(text[0]) - 1) / 2);
  const first = weightedSum(text, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
  const check = first < 10 ? first : (weightedSum(text, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11) % 10;
  return isBirthday(century + year, month, day) && check === Number(text[10]);
}
