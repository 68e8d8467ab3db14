import { type CountryCode, Metadata, parsePhoneNumberFromString } from 'libphonenumber-js/max';

/** What the library has of a region's numbering plan, and its types do not tell. */
interface NumberingPlan {
  nationalNumberPattern(): string;
  nationalPrefix(): string | undefined;
}

/** How numbers of one region are written at home. */
interface HomeForm {
  /** National significant numbers. */
  readonly plan: RegExp;
  /** Trunk prefix such as 0; empty where there is none. */
  readonly prefix: string;
}

/** `ext. 123`, `x123`, `#123` behind a number. */
const EXTENSION = /[\s,;]*(?:ext(?:ension|n)?\.?|x|#)\s*:?\s*[0-9]{1,7}$/i;
/** ITU-T E.164: at most 15 digits. */
const INTERNATIONAL = /^\+[1-9][0-9]{6,14}$/;
/** Nobody writes a number in more groups. */
const GROUPS_MAX = 16;
/** Dates, ZIP codes, IP addresses, versions and rows of bytes, in which a numbering plan may well see a number. */
const OTHER_FORMS: readonly RegExp[] = [
  /^(?:19|20)[0-9]{2}([-./ ])[01]?[0-9]\1[0-3]?[0-9](?!\1)/,
  /^[0-3]?[0-9]([-./ ])[01]?[0-9]\1(?:19|20)[0-9]{2}(?!\1)/,
  /^(?:19|20)[0-9]{2} ?[-/] ?[0-9]{4}$/,
  /^(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{0,6}$/,
  /^[0-9]{5}-[0-9]{4}$/,
  /^[0-9]{4}(?:\.[0-9]{4})+$/,
  /[0-9]\.[0-9].* [0-9]|[0-9] .*[0-9]\.[0-9]/,
  /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/,
  /^[0-9]{2}(?:[ .-][0-9]{2}){5,}$/,
];
/** Countries where a number keeps its leading zero behind the country code (ITU-T E.164 national plans). */
const KEEPS_ZERO = /^(?:39|378|225|24[12])/;

/**
 * Whether a text is an international number: plus sign, country code, and as many digits as the country has. A number that
 * its plan has not given out counts too, as most that are made up for an example; not one that nobody could dial. Further
 * digits may follow a whole number that has been given out, a blank between them.
 */
export function isInternationalPhone(text: string): boolean {
  const groups = text.replace(/\(0\)/, '').replace(EXTENSION, '').trim().split(/\s+/, GROUPS_MAX);
  if (isDialable(compact(groups.join('')))) return true;
  return groups.some((_, last) => isGivenOut(compact(groups.slice(0, last).join(''))));
}

/** Makes the check for numbers as they are written at home in one of the regions; international ones count as well. */
export function homePhoneCheck(regions: readonly CountryCode[]): (text: string) => boolean {
  const forms = regions.map(homeForm);
  return (text) => {
    const written = text.replace(EXTENSION, '');
    const number = compact(written);
    if (number.startsWith('+')) return isInternationalPhone(text);
    if (/[a-z]|0{6}$/i.test(written)) return false;
    if (number.startsWith('00')) return isGivenOut(`+${number.slice(2)}`);
    if (!/^[0-9]{6,13}$/.test(number) || OTHER_FORMS.some((form) => form.test(text.replace(/^\(/, '')))) return false;
    return forms.some(({ plan, prefix }) => {
      const significant = number.startsWith(prefix) ? number.slice(prefix.length) : number;
      return plan.test(number) || plan.test(significant);
    });
  };
}

function isGivenOut(number: string): boolean {
  return INTERNATIONAL.test(number) && (parsePhoneNumberFromString(number, { extract: false })?.isValid() ?? false);
}

function isDialable(number: string): boolean {
  if (!INTERNATIONAL.test(number)) return false;
  const phone = parsePhoneNumberFromString(number, { extract: false });
  if (!phone || phone.isValid()) return phone !== undefined;
  if (/0{5}$/.test(number)) return false;
  const { countryCallingCode } = phone;
  const national = number.slice(1 + countryCallingCode.length);
  if (countryCallingCode === '1') return /^[2-9][0-9]{9}$/.test(national);
  return phone.isPossible() && (!national.startsWith('0') || KEEPS_ZERO.test(countryCallingCode));
}

function homeForm(region: CountryCode): HomeForm {
  const metadata = new Metadata();
  metadata.selectNumberingPlan(region);
  const plan = metadata.numberingPlan as unknown as NumberingPlan;
  return { plan: new RegExp(`^(?:${plan.nationalNumberPattern()})$`), prefix: plan.nationalPrefix() ?? '' };
}

/** Digits and a leading plus sign; everything else only divides them. */
function compact(text: string): string {
  return text.replace(/[^0-9+]/g, '');
}
