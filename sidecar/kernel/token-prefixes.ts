/**
 * What tokens of vendors begin with, where it is long and odd enough that nothing else does. Who cuts such a token into pieces, or turns it
 * around, gives it away by this. The built-in pack `secrets` has the sources; tokens that begin with less are told only as they stand.
 */
export const TOKEN_PREFIXES: readonly string[] = [
  ...['AKIA', 'ASIA', 'ABIA', 'ACCA', 'ABSK', 'AIza', 'GOCSPX-', 'LTAI', 'ya29.'],
  ...[
    'ghp_',
    'gho_',
    'ghu_',
    'ghs_',
    'ghr_',
    'github_pat_',
    'glpat-',
    'glrt-',
    'gldt-',
    'glptt-',
    'glsoat-',
    'ATATT3',
    'ATBB',
  ],
  ...['sk-ant-', 'sk-proj-', 'sk-svcacct-', 'sk-or-v1-', 'gsk_', 'pplx-', 'nvapi-', 'xai-', 'lsv2_', 'pcsk_', 'tvly-'],
  ...[
    'sk_live_',
    'rk_live_',
    'sk_test_',
    'rk_test_',
    'whsec_',
    'shpat_',
    'shpss_',
    'shpca_',
    'sq0atp-',
    'sq0csp-',
    'EAAA',
  ],
  ...['xoxb-', 'xoxp-', 'xoxa-', 'xoxe-', 'xoxs-', 'xapp-'],
  ...['npm_', 'pypi-', 'rubygems_', 'dckr_pat_', 'AKCp', 'CCIPAT_', 'sqp_', 'squ_'],
  ...['dop_v1_', 'doo_v1_', 'dapi', 'hvs.', 'hvb.', 'tskey-', 'pscale_', 'sbp_', 'AVNS_', 'napi_', 'AGE-SECRET-KEY-'],
  ...['eyJhbGci', 'eyJ0eXAi', 'eyJraWQi'],
];

const START = new RegExp(`^(?:${TOKEN_PREFIXES.map((prefix) => prefix.replaceAll('.', '\\.')).join('|')})`);
/** By two units, ASCII: whether some prefix begins so. Names of members are many, and nearly none does. */
const PAIRS = new Uint8Array(0x80 * 0x80);
for (const prefix of TOKEN_PREFIXES) PAIRS[pairAt(prefix, 0)] = 1;

/** Whether a text begins as such a token does. */
export function beginsAsToken(text: string): boolean {
  return mayBeginAsToken(text, 0) && START.test(text);
}

/** Whether what stands at `at` in a text may begin as such a token does, by its first two characters. */
export function mayBeginAsToken(text: string, at: number): boolean {
  return PAIRS[pairAt(text, at)] === 1;
}

function pairAt(text: string, at: number): number {
  return text.charCodeAt(at) * 0x80 + text.charCodeAt(at + 1);
}
