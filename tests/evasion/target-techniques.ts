import { type Format, requestOf } from './formats.js';
import type { Technique, Techniques } from './technique.js';
import { post, type WireRequest } from './wire-request.js';

/** Writes the path of a request differently. */
function onPath(change: (path: string) => string): Technique {
  return {
    apply(format, text) {
      const request = requestOf(format, format.body(text));
      const [path = '', query] = request.path.split('?');
      return { ...request, path: query === undefined ? change(path) : `${change(path)}?${query}` };
    },
  };
}

/** Writes a form, whether it is a body or a query string. */
function inForm(write: (text: string) => string): Technique {
  return {
    apply: (format, text) =>
      format.isQuery || format.contentType.includes('urlencoded') ? requestOf(format, write(text)) : undefined,
  };
}

/** Puts the text into the query string of a request whose body says nothing. */
function inQuery(write: (text: string) => string): Technique {
  return {
    apply(format, text) {
      if (format.isQuery) return undefined;
      const request = requestOf(format, format.body('hello'));
      return { ...request, path: `${request.path}?${write(text)}` };
    },
  };
}

/** Puts the text into the path of a request whose body says nothing. That is none of the endpoints that `scoped` is looked for at. */
function inPath(write: (text: string) => string): Technique {
  return {
    apply: (format, text) => ({ ...requestOf(format, format.body('hello')), path: `/v1/${encoded(write(text))}` }),
    payloads: ['token', 'card', 'ssn', 'injection'],
  };
}

const all = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const encoded = encodeURIComponent;

/** Writes a multipart body. */
function inParts(
  write: (text: string) => string | Buffer,
  contentType = 'multipart/form-data; boundary=b0undary',
): Technique {
  return {
    apply: ({ path, contentType: type }: Format, text): WireRequest | undefined =>
      type.startsWith('multipart') ? post(path, contentType, write(text)) : undefined,
  };
}

const part = (headers: string, body: string) => `--b0undary\r\n${headers}\r\n\r\n${body}\r\n`;
const field = (name: string, body: string) => part(`Content-Disposition: form-data; name="${name}"`, body);
const END = '--b0undary--\r\n';

/** Ways to write where a request goes, and what is written in the same form. */
export const TARGET_TECHNIQUES: Techniques = {
  'an encoded slash in the path': onPath((path) => path.replace(/(.)\//, '$1%2F')),
  'an encoded dot segment': onPath((path) => `/x/%2e%2e${path}`),
  'dot segments': onPath((path) => `/x/..${path.replace('/', '/./')}`),
  'a step above the root': onPath((path) => `/..${path}`),
  'doubled slashes': onPath((path) => path.replaceAll('/', '//')),
  'a backslash in the path': onPath((path) => path.replace(/(.)\//, '$1\\')),
  'encoded letters in the path': onPath((path) =>
    path.replace(/[a-z]/g, (one) => `%${one.charCodeAt(0).toString(16)}`),
  ),
  'letters encoded twice in the path': onPath((path) =>
    path.replace(/[a-z]/, (one) => `%25${one.charCodeAt(0).toString(16)}`),
  ),
  'a path in capitals': onPath((path) => path.toUpperCase()),
  'parameters in the path': onPath((path) => `${path};v=1`),
  'a slash at the end of the path': onPath((path) => `${path}/`),
  'a NUL in the path': onPath((path) => `${path}%00`),
  'a fragment behind the path': onPath((path) => `${path}#x`),

  'percent encoding twice in a form': inForm((text) => `q=${encoded(all(text))}`),
  'every byte encoded in a form': inForm((text) => `q=${all(text)}`),
  'hexadecimal digits in both cases in a form': inForm((text) => `q=${all(text).replace(/%6/g, '%6').toUpperCase()}`),
  'in the name of a field': inForm((text) => `${encoded(text)}=1`),
  'a name without a value': inForm((text) => encoded(text)),
  'a field given twice': inForm((text) => `q=hello&q=${encoded(text)}`),
  'semicolons between fields': inForm((text) => `q=hello;r=${encoded(text)}`),
  'no names': inForm((text) => `=${encoded(text)}`),
  'a plus sign for each space': inForm((text) => `q=${text.replaceAll(' ', '+')}`),
  'percent u escapes in a form': inForm(
    (text) => `q=${[...text].map((one) => `%u00${one.charCodeAt(0).toString(16)}`).join('')}`,
  ),
  'a charset field': inForm((text) => `_charset_=utf-16&q=${encoded(text)}`),
  'bytes that are no UTF-8 in a form': inForm((text) => `q=${encoded(text)}%ff`),
  'broken escapes in a form': inForm((text) => `q=%zz%4${encoded(text)}`),
  'JSON in a form': inForm((text) => `q=${encoded(JSON.stringify({ note: text.replace('i', '\\u0069') }))}`),
  'nested names in a form': inForm((text) => `a[b][]=${encoded(text)}`),
  'split over fields': inForm((text) => `q=${encoded(text.slice(0, 18))}&q=${encoded(text.slice(18))}`),

  'in the query string beside a body': inQuery((text) => `q=${encoded(text)}`),
  'in the query string, encoded twice': inQuery((text) => `q=${encoded(encoded(text))}`),
  'in the query string in base64': inQuery((text) => `q=${encoded(Buffer.from(text).toString('base64'))}`),
  'in the query string as JSON': inQuery((text) => `q=${encoded(JSON.stringify([text]))}`),
  'in a query without a name': inQuery((text) => encoded(text)),
  'behind a second question mark': inQuery((text) => `a=1?${encoded(text)}`),
  'in the parameter of a credential': inQuery((text) => `key=${encoded(text)}`),
  'in the parameter of a credential, without spaces': inQuery((text) => `key=${encoded(text.replaceAll(' ', '_'))}`),
  'in the parameter of a credential, with dashes for spaces': inQuery(
    (text) => `access_token=${encoded(text.replaceAll(' ', '-'))}`,
  ),
  'in the path itself, without spaces': inPath((text) => text.replaceAll(' ', '_')),
  'in the path itself, with dashes for spaces': inPath((text) => text.replaceAll(' ', '-')),
  'in the path itself, with plus signs for spaces': inPath((text) => text.replaceAll(' ', '+')),
  'in the path itself, with dots for spaces': inPath((text) => text.replaceAll(' ', '.')),
  'in the path itself': inPath((text) => text),

  'the boundary in quotes': inParts((text) => field('q', text) + END, 'multipart/form-data; boundary="b0undary"'),
  'a boundary named in capitals': inParts((text) => field('q', text) + END, 'Multipart/Form-Data; BOUNDARY=b0undary'),
  'two boundaries': inParts((text) => field('q', text) + END, 'multipart/form-data; boundary=x; boundary=b0undary'),
  'no boundary': inParts((text) => field('q', text) + END, 'multipart/form-data'),
  'multipart of another kind': inParts((text) => field('q', text) + END, 'multipart/mixed; boundary=b0undary'),
  'bytes before the first part': inParts((text) => `${text}\r\n${field('q', 'hello')}${END}`),
  'bytes behind the last part': inParts((text) => `${field('q', 'hello')}${END}${text}`),
  'no end of the parts': inParts((text) => field('q', text)),
  'line ends that are not CRLF': inParts((text) => (field('q', text) + END).replaceAll('\r\n', '\n')),
  'a part in base64': inParts(
    (text) =>
      part(
        'Content-Disposition: form-data; name="q"\r\nContent-Transfer-Encoding: base64',
        Buffer.from(text).toString('base64'),
      ) + END,
  ),
  'a folded header of a part': inParts((text) => part('Content-Disposition: form-data;\r\n name="q"', text) + END),
  'the name of a file in the form of RFC 5987': inParts(
    (text) => part(`Content-Disposition: form-data; name="q"; filename*=utf-8''${encoded(text)}`, 'hello') + END,
  ),
  'in the name of an uploaded file': inParts(
    (text) => part(`Content-Disposition: form-data; name="q"; filename="${text}"`, 'hello') + END,
  ),
  'in the name of a part': inParts((text) => field(text, 'hello') + END),
  'in another header of a part': inParts(
    (text) => part(`Content-Disposition: form-data; name="q"\r\nX-Note: ${text}`, 'hello') + END,
  ),
  'a part of parts': inParts(
    (text) =>
      part(
        'Content-Disposition: form-data; name="q"\r\nContent-Type: multipart/mixed; boundary=in',
        `--in\r\n\r\n${text}\r\n--in--`,
      ) + END,
  ),
  'a part of its own charset': inParts(
    (text) => part('Content-Disposition: form-data; name="q"\r\nContent-Type: text/plain; charset=utf-7', text) + END,
  ),
  'a part that says it is an image': inParts(
    (text) => part('Content-Disposition: form-data; name="q"; filename="a.png"\r\nContent-Type: image/png', text) + END,
  ),
  'a part of JSON': inParts(
    (text) =>
      part(
        'Content-Disposition: form-data; name="q"\r\nContent-Type: application/json',
        JSON.stringify({ q: text.replace('i', '\\u0069') }),
      ) + END,
  ),
  'a part given twice': inParts((text) => field('q', 'hello') + field('q', text) + END),
  'a field for the charset': inParts((text) => field('_charset_', 'utf-16') + field('q', text) + END),
  'split over parts of a form': inParts((text) => field('q', text.slice(0, 18)) + field('r', text.slice(18)) + END),
};
