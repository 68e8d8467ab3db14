import { CheckRequest } from '../proto/gen/envoy/service/auth/v3/external_auth.js';

/** Ordinary English without anything to find: what nearly all traffic looks like. */
const SENTENCES = [
  'Please summarise the attached meeting notes in a few short paragraphs for somebody who could not be there.',
  'The team talked about the release of the mobile application and about the order of the remaining features.',
  'Several people asked whether the search page could remember the filters of the last visit.',
  'We agreed that the onboarding should be tried by five new users before the end of the month.',
  'Write in a friendly tone, keep the names of the projects, and leave out the discussion of the weather.',
];

/** Ordinary text of exactly this many bytes. */
export function chatText(bytes: number): string {
  let text = '';
  for (let i = 0; text.length < bytes; i++) text += `${SENTENCES[i % SENTENCES.length]} `;
  return text.slice(0, bytes);
}

/** A chat completions body of about this many bytes. */
export function chatBody(bytes: number): Buffer {
  const messages = [
    { role: 'system', content: 'You are a helpful assistant of the product team.' },
    { role: 'user', content: chatText(bytes - 160) },
  ];
  return Buffer.from(JSON.stringify({ model: 'gpt-4o-mini', temperature: 0.2, messages }));
}

/** The CheckRequest that Envoy sends for this body with `pack_as_bytes`. */
export function checkRequest(body: Buffer): Buffer {
  const headers = {
    ':method': 'POST',
    ':path': '/v1/chat/completions',
    ':authority': 'api.example.com',
    ':scheme': 'https',
    'content-type': 'application/json',
    'content-length': String(body.length),
    'x-envoy-auth-partial-body': 'false',
    'x-request-id': '1b5e7c0e-7a52-4ac0-9b6e-0a4b4a1f1c11',
    'user-agent': 'OpenAI/JS 7.57.0',
    authorization: 'Bearer not-a-real-token',
  };
  const request = CheckRequest.fromPartial({
    attributes: {
      source: { address: { address: { $case: 'socketAddress', value: { address: '10.0.0.7' } } } },
      request: {
        http: {
          id: '8413923748916412345',
          method: 'POST',
          headers,
          path: '/v1/chat/completions',
          host: 'api.example.com',
          scheme: 'https',
          size: BigInt(body.length),
          protocol: 'HTTP/1.1',
          rawBody: body,
        },
      },
    },
  });
  return Buffer.from(CheckRequest.encode(request).finish());
}
