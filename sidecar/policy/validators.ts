import { type CountryCode, isSupportedCountry } from 'libphonenumber-js/max';
import validator from 'validator';
import { nearest } from '../kernel/nearest.js';
import { isStateAndZip } from './address-checks.js';
import { WORK } from './budget.js';
import { isCardNumber, isOneDigit } from './card-checks.js';
import { isJwt, isPlaceholder, isPublicIp, isSsn, shannonBits } from './checks.js';
import { isDea, isNhs, isNpi } from './health-checks.js';
import { isIban } from './iban-checks.js';
import { IDENTIFIER_NAMES, identifierCheck } from './ids/catalogue.js';
import { isMachineReadableZone } from './mrz-checks.js';
import { homePhoneCheck, isInternationalPhone } from './phone-checks.js';
import {
  isLiteralPassword,
  isMoreThanWords,
  isPemBody,
  isQuotedPassword,
  isSecretValue,
  isUrlLogin,
} from './secret-value.js';
import { isRepeated } from './stand-in.js';
import { hasTokenChecksum, isBasicAuth, isWif, looksRandom } from './token-checks.js';
import { hasTopLevelDomain } from './top-level-domains.js';

/** A check that a match must pass to count. */
export interface Validator {
  /** As reported with findings. */
  readonly name: string;
  /** What one call costs, in units of work (see budget.ts). */
  readonly work: number;
  accepts(text: string): boolean;
}

/** libphonenumber tries many patterns. */
const PHONE_WORK = 30_000;

/** Exported by the library, and missing in its types. */
const PASSPORT_COUNTRIES = (validator as unknown as { passportNumberLocales: readonly string[] }).passportNumberLocales;

/** What a validator takes as its parameter. */
type Parameter = string | number | readonly string[] | undefined;

/** Makes the check for a parameter, or says what parameter it wants. */
type Maker = (parameter: Parameter) => ((text: string) => boolean) | string;

const MAKERS = new Map<string, Maker>([
  ['luhn', plain((text) => isLuhn(digitsOf(text)))],
  ['card', plain(isCardNumber)],
  ['iban', plain(isIban)],
  ['bic', plain((text) => validator.isBIC(text))],
  ['aba', plain((text) => validator.isAbaRouting(digitsOf(text)))],
  ['ssn', plain(isSsn)],
  ['npi', plain(isNpi)],
  ['dea', plain(isDea)],
  ['nhs', plain(isNhs)],
  ['email', plain((text) => validator.isEmail(text))],
  ['known_tld', plain(hasTopLevelDomain)],
  ['ip', plain((text) => validator.isIP(text))],
  ['ipv4', plain((text) => validator.isIP(text, 4))],
  ['ipv6', plain((text) => validator.isIP(text, 6))],
  ['public_ip', plain(isPublicIp)],
  ['mac', plain((text) => validator.isMACAddress(text))],
  ['uuid', plain((text) => validator.isUUID(text))],
  ['imei', plain((text) => validator.isIMEI(digitsOf(text)))],
  ['mrz', plain(isMachineReadableZone)],
  ['us_zip', plain(isStateAndZip)],
  ['isin', plain((text) => validator.isISIN(text))],
  ['btc', plain((text) => validator.isBtcAddress(text))],
  ['ethereum', plain((text) => validator.isEthereumAddress(text))],
  ['domain', plain((text) => validator.isFQDN(text))],
  ['url', plain((text) => validator.isURL(text))],
  ['base64', plain((text) => validator.isBase64(text))],
  ['hex', plain((text) => validator.isHexadecimal(text))],
  ['jwt', plain((text) => validator.isJWT(text) && isJwt(text))],
  ['not_placeholder', plain((text) => !isPlaceholder(text))],
  ['not_repeated', plain((text) => !isRepeated(text))],
  ['secret_value', plain(isSecretValue)],
  ['quoted_password', plain(isQuotedPassword)],
  ['literal_password', plain(isLiteralPassword)],
  ['random', plain(looksRandom)],
  ['random_or_sign', plain(isMoreThanWords)],
  ['url_login', plain(isUrlLogin)],
  ['pem_body', plain(isPemBody)],
  ['jwt_head', plain(isJwt)],
  ['token_crc32', plain(hasTokenChecksum)],
  ['basic_auth', plain(isBasicAuth)],
  ['wif', plain(isWif)],
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
  if (!make) {
    const close = nearest(name, VALIDATOR_NAMES);
    return `there is no validator called ${name}; the nearest is ${close}; there are ${VALIDATOR_NAMES.join(', ')}`;
  }
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

/** By libphonenumber's metadata for one of the regions; without a region only international numbers are. */
function phone(parameter: Parameter) {
  if (parameter === undefined) return isInternationalPhone;
  const regions = typeof parameter === 'string' ? [parameter] : parameter;
  const wants = 'takes a region such as US, or a list of regions';
  if (typeof regions === 'number' || regions.length === 0 || !regions.every(isRegion)) return wants;
  return homePhoneCheck(regions);
}

function isRegion(name: string): name is CountryCode {
  return isSupportedCountry(name);
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
  const unknown = names.find((name) => identifierCheck(name) === undefined);
  const close =
    unknown === undefined ? '' : `; ${unknown} is none, the nearest is ${nearest(unknown, IDENTIFIER_NAMES)}`;
  return `needs a kind of identifier such as pl.pesel, or a list of them${close}; there are ${IDENTIFIER_NAMES.join(', ')}`;
}

function digitsOf(text: string): string {
  return text.replace(/[\s-]/g, '');
}

function isLuhn(digits: string): boolean {
  return digits.length >= 2 && /^\d+$/.test(digits) && !isOneDigit(digits) && validator.isLuhnNumber(digits);
}
