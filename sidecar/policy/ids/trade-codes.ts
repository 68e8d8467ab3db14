import validator from 'validator';
import { type IdCheck, isLuhn } from './weights.js';

/** Numbers of things: vehicles, devices, securities, organisations. */
export const TRADE_CODES: Readonly<Record<string, IdCheck>> = {
  // CUSIP, ANSI X9.6: letters count from 10, every second value is doubled.
  cusip: (text) => {
    if (!/^[A-Z\d*@#]{8}\d$/.test(text)) return false;
    const sum = [...text.slice(0, 8)].reduce((total, sign, i) => {
      const place = '*@#'.indexOf(sign);
      const value = (place >= 0 ? 36 + place : Number.parseInt(sign, 36)) * (i % 2 === 0 ? 1 : 2);
      return total + Math.floor(value / 10) + (value % 10);
    }, 0);
    return (10 - (sum % 10)) % 10 === Number(text[8]);
  },
  // IMEI, 3GPP TS 23.003, annex B.
  imei: (text) => /^\d{15}$/.test(text) && isLuhn(text),
  isin: (text) => validator.isISIN(text),
  // LEI, ISO 17442: ISO 7064 MOD 97-10.
  lei: (text) => {
    if (!/^[A-Z\d]{18}\d\d$/.test(text) || !/[A-Z]/.test(text)) return false;
    let rest = 0;
    for (const sign of text)
      for (const digit of String(Number.parseInt(sign, 36))) rest = (rest * 10 + Number(digit)) % 97;
    return rest === 1;
  },
  // SEDOL: no vowels, weights 1 3 1 7 3 9 1.
  sedol: (text) => {
    if (!/^[B-DF-HJ-NP-TV-Z\d]{6}\d$/.test(text)) return false;
    const weights = [1, 3, 1, 7, 3, 9, 1];
    return [...text].reduce((sum, sign, i) => sum + Number.parseInt(sign, 36) * (weights[i] as number), 0) % 10 === 0;
  },
  // VIN with the check digit of 49 CFR 565.15 (North America) and GB 16735 (China).
  vin: (text) => isVinForm(text) && '0123456789X'[vinRest(text)] === text[8],
  // VIN as ISO 3779 has it everywhere: without a check digit.
  'vin.form': isVinForm,
};

/** The values of the letters from A on; I, O and Q are not used. */
const VIN_VALUES = '12345678.12345.7.923456789';
const VIN_WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];

/** 17 signs, the last four of them digits, letters and digits before them. */
function isVinForm(text: string): boolean {
  const front = text.slice(0, 13);
  return /^[A-HJ-NPR-Z\d]{13}\d{4}$/.test(text) && /\d/.test(front) && /[A-Z].*[A-Z]/.test(front);
}

function vinRest(text: string): number {
  const value = (sign: string) => Number(/\d/.test(sign) ? sign : VIN_VALUES[sign.charCodeAt(0) - 65]);
  return [...text].reduce((sum, sign, i) => sum + value(sign) * (VIN_WEIGHTS[i] as number), 0) % 11;
}
