import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import validator from 'validator';
import { WORK } from './budget.js';
import { isJwt, isPlaceholder, isPublicIp, isSsn, shannonBits } from './checks.js';
import { IDENTIFIER_NAMES, identifierCheck } from './ids/catalogue.js';

/** A check that a match must pass to count. */
export interface Validator {
  /** As reported with findings. */
  readonly name: string;
  /** What one call costs, in units of work (see budget.ts). */
  readonly work: number;
  accepts(text: string): boolean;
}

/** libphonenumber tries many patterns for each region. */
const PHONE_WORK = 100_000;

/** Exported by the library, and missing in its types. */
const PASSPORT_COUNTRIES = (validator as unknown as { passportNumberLocales: readonly string[] }).passportNumberLocales;

/** What a validator takes as its parameter. */
type Parameter = string | number | readonly string[] | undefined;

/** Makes the check for a parameter, or says what parameter it wants. */
type Maker = (parameter: Parameter) => ((text: string) => boolean) | string;

const MAKERS = new Map<string, Maker>([
  ['luhn', plain((text) => isLuhn(digitsOf(text)))],
  ['card', plain((text) => validator.isCreditCard(digitsOf(text)) && !isOneDigit(digitsOf(text)))],
  ['iban', plain((text) => validator.isIBAN(text.replace(/[\s-]/g, '')))],
  ['bic', plain((text) => validator.isBIC(text))],
  ['aba', plain((text) => validator.isAbaRouting(digitsOf(text)))],
  ['ssn', plain(isSsn)],
  ['email', plain((text) => validator.isEmail(text))],
  ['ip', plain((text) => validator.isIP(text))],
  ['ipv4', plain((text) => validator.isIP(text, 4))],
  ['ipv6', plain((text) => validator.isIP(text, 6))],
  ['public_ip', plain(isPublicIp)],
  ['mac', plain((text) => validator.isMACAddress(text))],
  ['uuid', plain((text) => validator.isUUID(text))],
  ['imei', plain((text) => validator.isIMEI(digitsOf(text)))],
  ['isin', plain((text) => validator.isISIN(text))],
  ['btc', plain((text) => validator.isBtcAddress(text))],
  ['ethereum', plain((text) => validator.isEthereumAddress(text))],
  ['domain', plain((text) => validator.isFQDN(text))],
  ['url', plain((text) => validator.isURL(text))],
  ['base64', plain((text) => validator.isBase64(text))],
  ['hex', plain((text) => validator.isHexadecimal(text))],
  ['jwt', plain((text) => validator.isJWT(text) && isJwt(text))],
  ['not_placeholder', plain((text) => !isPlaceholder(text))],
  ['entropy', entropy],
  ['phone', phone],
  ['tax_id', taxId],
  ['passport', passport],
  ['identifier', identifier],
]);

export const VALIDATOR_NAMES: readonly string[] = [...MAKERS.keys()];

/** The validator of a name and parameter, or what is wrong with them. */
export function createValidator(name: string, parameter: Parameter): Validator | string {
  const make = MAKERS.get(name);
  if (!make) return `there is no validator called ${name}; there are ${VALIDATOR_NAMES.join(', ')}`;
  const accepts = make(parameter);
  return typeof accepts === 'string'
    ? `the validator ${name} ${accepts}`
    : { name, work: name === 'phone' ? PHONE_WORK : WORK.check, accepts };
}

function plain(accepts: (text: string) => boolean): Maker {
  return (parameter) => (parameter === undefined ? accepts : 'takes no parameter');
}

function entropy(parameter: Parameter) {
  if (typeof parameter !== 'number' || parameter <= 0 || parameter > 8) {
    return 'needs the bits per character, such as entropy: 3.5';
  }
  return (text: string) => shannonBits(text) >= parameter;
}

/** Valid by libphonenumber's metadata in one of the regions; without a region only international numbers are. */
function phone(parameter: Parameter) {
  const regions = parameter === undefined ? [undefined] : typeof parameter === 'string' ? [parameter] : parameter;
  const wants = 'takes a region such as US, or a list of regions';
  if (typeof regions === 'number' || regions.length === 0) return wants;
  if (!regions.every((region) => region === undefined || isSupportedCountry(region))) return wants;
  return (text: string) =>
    regions.some((region) => parsePhoneNumberFromString(text, region as CountryCode | undefined)?.isValid() ?? false);
}

function taxId(parameter: Parameter) {
  if (typeof parameter !== 'string') return 'needs a locale such as en-GB';
  try {
    validator.isTaxID('0', parameter); // throws for a locale that it does not know
  } catch {
    return `needs a locale such as en-GB; it does not know ${parameter}`;
  }
  return (text: string) => validator.isTaxID(text, parameter);
}

function passport(parameter: Parameter) {
  if (typeof parameter !== 'string') return 'needs a country such as US';
  if (!PASSPORT_COUNTRIES.includes(parameter)) return `needs a country such as US; it does not know ${parameter}`;
  return (text: string) => validator.isPassportNumber(text, parameter);
}

/** One kind of identifier, or any of several. */
function identifier(parameter: Parameter) {
  const names = typeof parameter === 'string' ? [parameter] : typeof parameter === 'object' ? parameter : [];
  const checks = names.map(identifierCheck);
  const known = checks.filter((check) => check !== undefined);
  if (known.length > 0 && known.length === checks.length) return (text: string) => known.some((check) => check(text));
  return `needs a kind of identifier such as pl.pesel, or a list of them; there are ${IDENTIFIER_NAMES.join(', ')}`;
}

function digitsOf(text: string): string {
  return text.replace(/[\s-]/g, '');
}

function isLuhn(digits: string): boolean {
  return digits.length >= 2 && /^\d+$/.test(digits) && !isOneDigit(digits) && validator.isLuhnNumber(digits);
}

/** 0000 0000 0000 0000 passes every checksum and is nobody's number. */
function isOneDigit(digits: string): boolean {
  return /^(\d)\1*$/.test(digits);
}
