/** First digit of the ZIP codes of each state (USPS Publication 65, national areas). */
const STATES: readonly string[] = [
  'CT MA ME NH NJ RI VT PR VI AE',
  'DE NY PA',
  'DC MD NC SC VA WV',
  'AL FL GA MS TN AA',
  'IN KY MI OH',
  'IA MN MT ND SD WI',
  'IL KS MO NE',
  'AR LA OK TX',
  'AZ CO ID NM NV UT WY',
  'AK CA HI OR WA GU AP',
];

/** Whether a text is a US state and a ZIP code of it, such as `IL 62704`. */
export function isStateAndZip(text: string): boolean {
  const found = /^([A-Z]{2})[ ,]{1,3}([0-9])[0-9]{4}(?:-[0-9]{4})?$/.exec(text);
  return found !== null && (STATES[Number(found[2])] as string).split(' ').includes(found[1] as string);
}
