import type { YAMLError } from 'yaml';
import type { Place } from './pack.js';

/** Why a text is not the YAML that is read here. */
export class YamlFault extends Error {
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.name = 'YamlFault';
    this.place = place;
  }
}

/** What is wrong with a file, if anything, cannot be told from its parts: it has to be read at once. */
export class UncutFault extends YamlFault {
  constructor() {
    super('the file cannot be read in parts', { line: 1, column: 1 });
  }
}

const COLUMNS =
  'this line is not indented as its neighbours are: all keys of one mapping begin in the same column, and so do all dashes of one list';

/** What most often causes what the parser complains about; it speaks of the YAML specification's own terms. */
const CAUSES: { readonly [code in YAMLError['code']]?: string } = {
  BAD_INDENT: COLUMNS,
  TAB_AS_INDENT: 'a tab stands where only spaces may indent',
  BLOCK_AS_IMPLICIT_KEY:
    'a key stands where a value is expected: the line below may be indented differently from this one, a dash may lack its space, or a text with ": " in it its quotes',
  MULTILINE_IMPLICIT_KEY: 'a key needs a colon and a space behind it',
  BAD_DQ_ESCAPE: 'a backslash means something between double quotes: write a pattern in single quotes',
  BAD_SCALAR_START: 'a text that begins with such a sign needs quotes',
};

/** A fault of YAML as a sentence that says what to look for, with the parser's own words behind it. */
export function explained({ code, message }: YAMLError): string {
  if (code === 'RESOURCE_EXHAUSTION') return 'it is nested too deeply to be read'; // the parser only says that its stack is full
  const said = message.split(/ at line |\n/)[0] ?? '';
  const cause = causeOf(code, said);
  return cause ? `${cause} (${said})` : said;
}

function causeOf(code: YAMLError['code'], said: string): string | undefined {
  if (/without - indicator/.test(said)) return COLUMNS;
  if (/at node end/.test(said)) return 'text follows behind a value that has ended: put all of it in quotes';
  if (/^Missing closing ["']/.test(said)) return 'a quotation mark that was opened further up is never closed';
  if (/must be sufficiently indented/.test(said)) return 'a bracket that was opened further up is never closed';
  return CAUSES[code];
}
