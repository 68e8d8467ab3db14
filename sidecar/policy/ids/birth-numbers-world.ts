import { isBirthday, isBirthdayOfAnyCentury, pairsAt } from './calendar.js';
import { type IdCheck, isLuhn, weightedSum } from './weights.js';

/** Personal numbers outside Europe that hold a date or a year of birth; see birth-numbers-europe.ts for why they stand here. */
export const BIRTH_NUMBERS_WORLD: Readonly<Record<string, IdCheck>> = {
  // Emirates ID: 784 (ISO 3166-1 numeric), year of birth, serial, Luhn.
  'ae.eid': (text) => /^784(?:19|20)\d{10}$/.test(text) && isLuhn(text),
  // 居民身份证号码, GB 11643-1999: division, YYYYMMDD, serial, ISO 7064 MOD 11-2.
  'cn.ric': (text) => {
    if (!/^\d{17}[\dX]$/.test(text) || !isChineseProvince(text)) return false;
    const isDay = isBirthday(Number(text.slice(6, 10)), Number(text.slice(10, 12)), Number(text.slice(12, 14)));
    const rest = weightedSum(text, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
    return isDay && '10X98765432'[rest] === text[17];
  },
  // The same as given until 1999: YYMMDD, no check digit.
  'cn.ric15': (text) => /^\d{15}$/.test(text) && isChineseProvince(text) && isBirthdayOfAnyCentury(...pairsAt(text, 6)),
  // الرقم القومي: century, YYMMDD, governorate, serial. The formula of the last digit is not published.
  'eg.nid': (text) => {
    if (!/^[23]\d{6}(?:0[1-4]|1[1-9]|2[1-9]|3[1-5]|88)\d{5}$/.test(text)) return false;
    const [year, month, day] = pairsAt(text, 1);
    return isBirthday((text[0] === '2' ? 1900 : 2000) + year, month, day);
  },
  // NIK: province, regency, district, DDMMYY (day +40 for women), serial. There is no check digit.
  'id.nik': (text) => {
    if (!/^(?:1[1-9]|21|3[1-6]|5[1-3]|6[1-5]|7[1-6]|8[1-2]|9[1-7])(?:0[1-9]|[1-7]\d)\d{12}$/.test(text)) return false;
    const [day, month, year] = pairsAt(text, 6);
    return isBirthdayOfAnyCentury(year, month, day > 40 ? day - 40 : day) && !text.endsWith('0000');
  },
  // 주민등록번호 and numbers of foreigners: YYMMDD, century and sex. Serials given since October 2020 are random.
  'kr.rrn': (text) => {
    if (!/^\d{13}$/.test(text)) return false;
    const [year, month, day] = pairsAt(text, 0);
    const kind = Number(text[6]);
    const century = kind === 9 || kind === 0 ? 1800 : kind % 4 === 1 || kind % 4 === 2 ? 1900 : 2000;
    const sum = weightedSum(text, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
    const check = (11 - (sum % 11)) % 10;
    const isRight = check === Number(text[12]) || (kind > 4 && kind < 9 && (check + 2) % 10 === Number(text[12]));
    return isBirthday(century + year, month, day) && isRight;
  },
  // الرقم المدني: century, YYMMDD, serial.
  'kw.civil': (text) => {
    if (!/^[23]\d{11}$/.test(text)) return false;
    const [year, month, day] = pairsAt(text, 1);
    const check = 11 - (weightedSum(text, [2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11);
    return isBirthday((text[0] === '2' ? 1900 : 2000) + year, month, day) && check === Number(text[11]);
  },
  // ЖСН / ИИН: YYMMDD, century and sex, serial; a second row of weights when the first gives 10.
  'kz.iin': (text) => {
    if (!/^\d{6}[1-6]\d{5}$/.test(text)) return false;
    const [year, month, day] = pairsAt(text, 0);
    const century = 1800 + 100 * Math.floor((Number(text[6]) - 1) / 2);
    const first = weightedSum(text, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11;
    const check = first < 10 ? first : weightedSum(text, [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11;
    return isBirthday(century + year, month, day) && check === Number(text[11]);
  },
  // National identity card: (19)YY, day of the year (+500 for women), serial; a letter at the end until 2016.
  'lk.nic': (text) => {
    const parts = /^(?:\d\d(\d{3})\d{4}[VX]|(?:19\d\d|200\d|201[0-2])(\d{3})\d{5})$/.exec(text);
    const day = Number(parts?.[1] ?? parts?.[2] ?? 0) % 500;
    return day >= 1 && day <= 366;
  },
};

/** The first two digits of an administrative division (GB/T 2260). */
function isChineseProvince(text: string): boolean {
  return /^(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)/.test(text);
}
