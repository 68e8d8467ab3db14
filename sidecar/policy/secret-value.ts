import { isPlaceholder } from './checks.js';
import { isFiller, isSaidToBeNone, isSentence } from './stand-in.js';
import { looksRandom } from './token-checks.js';

/** DB_PASSWORD, API_KEY_2, KEY1,KEY2 */
const CONSTANT = /^[A-Z][A-Z0-9]*(?:[_,|-][A-Z0-9]+)+$/;

/** What a value is in a program or a form when it is no secret: a reference, a call, a type, a path, an address. */
const NO_VALUE: readonly RegExp[] = [
  /^[^\p{L}\p{N}\s]{0,2}[\p{L}\p{M}_]+$/u, // one word of any script, a variable, a flag, a constant
  /^[$@:&*!]?[a-z_]+(?:[-_./:]{1,2}[A-Za-z]+)*[-_./:]*$/, // new-password, config.db.password, a::b::c
  /^(?:pass(?:word|wd)?|pwd|secret|token|key|user|arg|str|val|value|salt)_?\d{1,2}$/i, // password2, a variable
  /^\d{1,5}_[a-z]+$|^_+[a-z]+_\w+$|^urn:|\]\(/, // 1000_tokens, _google_protobuf_UInt32Value, a name of RFC 8141, a link of Markdown
  /^[$@&]\{?[A-Za-z_][\w.:-]*\}?$/, // $db_pass2
  /^[#$@%]\{|^\{[{%]|^\{[A-Za-z_][\w.]*\}$|^%\(/, // an interpolation, which quotes inside may have cut: #{ENV.fetch(
  /^[*&][\w-]+$|^__\w+__$|^[a-z-]+=$/, // an alias of YAML, a mark to be replaced, the next attribute
  /^\/?\^|^\/?\(\?|^(?:env|file|fd|cmd|exec):/, // a regular expression, where openssl and others find the password
  /^,\s?[$@]?\w+\s?=$|^[a-z_]+(?:\/[a-z_]+)*#[a-z_]+$|^[A-Za-z_:-]*\{\w{0,24}\}[A-Za-z_:-]*$/, // between two strings, a controller#action of Rails, a template of Python
  /^(?:arn:aws[\w-]*:|!(?:Ref|Sub|GetAtt)\b|ENC\[|op:|ref\+|kv:|vault:|ssm:|@Microsoft\.KeyVault)/, // where the value lies
  /^(?:(?:scram-)?sha-?\d{1,3}(?:[-_/]\d{1,3})?|md5|bcrypt|argon2(?:id?)?|pbkdf2[\w-]{0,20}|aes-?\d{3}[\w-]{0,20}|[hrep]s\d{3}|base(?:32|58|64)(?:url)?|utf-?(?:8|16)(?:le|be)?|latin1)$/i,
  /^[\w$.]*\b(?:process\.env|os\.environ|env|getenv|environ|config|settings|secrets|vars?|self|this|args|params|props|request|req|ctx|data|options|opts|input|form|body|event|state|user)(?:\.|->|\[|\()/i,
  /^[A-Za-z_$][\w$.:]*(?:->[\w$]+)*(?:\(|\[[^\]]{0,40}(?:\]|$))/, // call(x), list[i + 1]
  /^(?:new|await|return|function|async|lambda|typeof|not|if|let|const|var|def|fn|func)\b/,
  /^[A-Za-z_$][\w$]*(?:\?|!)?\.[\w$.?!]*[A-Za-z_$]\w*$/, // response.token2
  /^(?:~|\.{1,2})?\/[\w.@~-]+(?:\/[\w.@~-]*)*$/, // /run/secrets/db2
  /^[A-Za-z]:\\|\.(?:pem|key|crt|cer|p12|pfx|jks|json|ya?ml|txt|env|ini|conf|cfg|xml|html?|php|js|ts|py|rb|go|java|properties|md|png|svg)$/i,
  /^[a-z][a-z0-9+.-]*:\/\/|^\/\/[\w.-]+\.[a-z]/i,
  /^[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,8}$/i,
  /^@[\w-]+(?:\.[\w-]+)+/, // what follows the login in an address
  /^[a-z]+(?:[|:,][a-z0-9]+){2,}$|^(?:[a-z_]{2,24}(?::[^|]{0,40})?\|){2}/, // rules of a form: required|string|regex:/[0-9]/
  /^(?:u?int|float|double|complex|bool|str|string|bytes|urllib|httplib|localhost)\d{0,3}$|^\{\w{2,24}:/, // float64, urllib2, {userId:regex}
  /^v?\d+(?:\.\d+){1,3}(?:[-+][\w.]+)?$/,
  /^\d{4}-\d{2}-\d{2}(?:[T ][\d:.+Z-]*)?$/,
  /^\d{1,5}(?:[-–]\d{1,5})?$/,
  /^(?:0{8}-0{4}-0{4}-0{4}-0{12})$/,
  /^x?:\d+:/, // a line of /etc/passwd
  /^(?:-----|ssh-(?:rsa|ed25519)|ecdsa-)/,
  /^(?:Optional|List|Dict|Union|Record|Promise|Option|Vec|Box|Secret|Sealed)?[<[]/,
];

/** What looks like one of these by its first or last characters only, which generators of passwords may have drawn. */
const MARKED =
  /^(?:[*&^]|(?:kv|op|set|todo|insert|enter|replace)[-_: ])([A-Za-z0-9]{10,})$|^([A-Za-z0-9]{10,})[-_ ]here$/i;

/** Words of forms, of messages and of types: what stands beside the name of a password when no password does. */
const LABEL =
  /\b(?:password|passwd|passphrase|secret|token|credentials?|api.?key|required|invalid|incorrect|wrong|enter|forgot|reset|confirm|change|please|must|should|cannot|missing|empty|optional|hidden|text|string|field|label|value|none|null|undefined|default|unknown|disabled|enabled|encrypted|hashed|masked|protected|expired|generate|generated|provided|stored|invalid|length|characters?|username|login|auto|prompt|insert|fill|replace|todo|tbd|n\/a|redacted|hidden|here|goes)\b|fake|dummy|sample/i;

/**
 * Whether a value that stands beside the name of a password or key may be one: no stand-in, no reference to where the
 * value really is, no label. Judges one value without its quotes.
 */
export function isSecretValue(text: string): boolean {
  const value = text.trim().replace(/[)\],.;:]+$/, '');
  if (value.length < 4 || isPlaceholder(value) || CONSTANT.test(value) || !/[\p{L}\p{N}]/u.test(value)) return false;
  const [, behind, before] = MARKED.exec(value) ?? [];
  if (looksRandom(behind ?? before ?? '')) return true;
  if (isSaidToBeNone(value) || isFiller(value)) return false;
  // Letters alone, words joined by underscores, and paths are names unless they make no words.
  if (
    /^[A-Za-z]{12,}$|^(?=.{20})[A-Za-z]+_[A-Za-z]+$|^[A-Za-z0-9]+(?:_[A-Za-z0-9]+){2,}$|^[\w.-]+(?:\/[\w.-]+){2,}$/.test(
      value,
    )
  )
    return looksRandom(value);
  // Keys of two parts with a dot between them are no member of an object: their longer part makes no words.
  if (/^[\w-]{14,}\.[\w-]{14,}$/.test(value) && value.split('.').every(looksRandom)) return true;
  if (NO_VALUE.some((shape) => shape.test(value))) return false;
  const words = value.replace(/[_-]/g, ' ').replace(/([a-z])([A-Z])/g, '$1 $2');
  return !(LABEL.test(words) && (!/[0-9]/.test(value) || /\s/.test(value)));
}

/** What names of credentials, forms and settings are made of, as in a list of the fields to redact. */
const NAME = /pass|pwd|secret|token|key|user|auth|cred|login|name|mail|phone|code|type|string|crypt|hash/;

/** As isSecretValue, for a value in quotes beside the name of a password: one word may be a password there. */
export function isQuotedPassword(text: string): boolean {
  if (isSecretValue(text)) return !/\s/.test(text.trim()) || (/[0-9!@#$%^&*]/.test(text) && !isSentence(text));
  return (
    /^[a-z]{6,32}$/.test(text) && text !== 'localhost' && !LABEL.test(text) && !isPlaceholder(text) && !NAME.test(text)
  );
}

/** What the name of a password reads like where the password would stand, and the word for one in languages. */
const CALLED_SO =
  /pass(?:word|wd|phrase|wort|ord)?|pwd|secret|token|kennwort|contrase|senha|wachtwoord|salasana|has[lł]o|parola|l[öo]senord|adgangskode|heslo|jelsz|username|^(?:my|your|new|old)/i;

/** As isQuotedPassword, where nothing but a literal can stand: there a word of any letters may be a password. */
export function isLiteralPassword(text: string): boolean {
  if (isQuotedPassword(text)) return !CALLED_SO.test(text) || /[0-9]/.test(text);
  if (!/^\p{L}[\p{L}_-]{4,39}$/u.test(text) || CONSTANT.test(text)) return false;
  const words = text.replace(/[_-]/g, ' ').replace(/([a-z])([A-Z])/g, '$1 $2');
  return !LABEL.test(words) && !isPlaceholder(text) && !isSaidToBeNone(text) && !CALLED_SO.test(text);
}

/** Whether a value has a digit between letters or a sign inside, or looks drawn by lot: more than a word of a sentence. */
export function isMoreThanWords(text: string): boolean {
  return (
    /[A-Za-z][^A-Za-z\s]{0,20}[0-9]|[0-9][^0-9\s]{0,20}[A-Za-z]|[!@#$%^&*+=~?][^\s]/.test(text) || looksRandom(text)
  );
}

/**
 * Whether `user:password` of a URL may be a login: the password no template, not the word itself, not the user's name
 * once more, and longer than three characters.
 */
export function isUrlLogin(text: string): boolean {
  const colon = text.indexOf(':');
  const [user, password] = [text.slice(0, colon), text.slice(colon + 1)];
  if (password.length < 4 || password === user || /^(.)\1+$/.test(password)) return false;
  if (/passw(?:or)?d|^secret$/i.test(password) && !/[0-9]/.test(password)) return false;
  return !/[{}<>]|\$\(|^\$|^%\w+%$|\*{3}|x{4}|\.{3}|^your|redacted|example|placeholder|replace|change_?me/i.test(
    password,
  );
}

/** Whether what follows the opening line of a PEM key may be its body: anything but the stand-ins of documentation. */
export function isPemBody(text: string): boolean {
  const body = text.replace(/\\[nr]|[\s"'+]/g, '');
  if (/^[A-Za-z0-9+/=]{0,63}-----END$/.test(body) && !/\s\S+\s/.test(text.trim())) return false;
  return !/^(?:\.{2,}|…|\*{2,}|x{3,}|<|\$\{?|\{\{|\[|your|example|placeholder|redacted)/i.test(body);
}
