import { type CountryCode, Metadata, parsePhoneNumberFromString } from 'libphonenumber-js/max';

/** What the library has of a region's numbering plan, and its types do not tell. */
interface NumberingPlan {
  nationalNumberPattern(): string;
  nationalPrefix(): string | undefined;
}

/** How numbers of one region are written at home. */
interface HomeForm {
  readonly number: RegExp;
  /** Trunk prefix such as 0; empty where there is none. */
  readonly prefix: string;
}

/** `ext. 123`, `x123`, `#123` behind a number. */
const EXTENSION = /[\s,;]*(?:ext(?:ension|n)?\.?|x|#)\s*:?\s*[0-9]{1,7}$/i;
/** Countries where a number keeps its leading zero behind the country code (ITU-T E.164 national plans). */
const KEEPS_ZERO = /^(?:39|378|225|24[12])/;

/**
 * Whether a text is an international number: plus sign, country code, and as many digits as the country has. A number that
 * its plan has not given out counts too, as most that are made up for an example; not one that nobody could dial.
 */
export function isInternationalPhone(text: string): boolean {
  const number = compact(text.replace(/\(0\)/, ''));
  if (!/^\+[1-9][0-9]{6,14}$/.test(number) || /0{5}$/.test(number)) return false;
  const phone = parsePhoneNumberFromString(number, { extract: false });
  if (!phone) return false;
  if (phone.isValid()) return true;
  const { countryCallingCode } = phone;
  const national = number.slice(1 + countryCallingCode.length);
  if (countryCallingCode === '1') return /^[2-9][0-9]{9}$/.test(national);
  return phone.isPossible() && (!national.startsWith('0') || KEEPS_ZERO.test(countryCallingCode));
}

/** Makes the check for numbers as they are written at home in one of the regions; international ones count as well. */
export function homePhoneCheck(regions: readonly CountryCode[]): (text: string) => boolean {
  const forms = regions.map(homeForm);
  return (text) => {
    const number = compact(text);
    if (number.startsWith('+')) return isInternationalPhone(text);
    if (!/^[0-9]{6,14}$/.test(number)) return false;
    return forms.some(
      (form) =>
        form.number.test(number) || (number.startsWith(form.prefix) && form.number.test(number.slice(form.prefix.length))),
    );
  };
}

function homeForm(region: CountryCode): HomeForm {
  const metadata = new Metadata();
  metadata.selectNumberingPlan(region);
  const plan = metadata.numberingPlan as unknown as NumberingPlan;
  return { number: new RegExp(`^(?:${plan.nationalNumberPattern()})$`), prefix: plan.nationalPrefix() ?? '' };
}

/** Digits and a leading plus sign; everything else only divides them. */
function compact(text: string): string {
  return text.replace(EXTENSION, '').replace(/[^0-9+]/g, '');
}
