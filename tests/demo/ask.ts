import OpenAI from 'openai';
import type { Upstream } from '../envoy/upstream.js';
import type { Scenario } from './scenarios.js';

/** What became of one prompt, as seen from both ends. */
export interface Outcome {
  readonly reachedUpstream: boolean;
  /** Whether the body that arrived is, byte for byte, the one that the SDK sent. */
  readonly unchanged: boolean;
  /** HTTP status that the SDK saw. */
  readonly status: number;
  /** `x-jimini-verdict` as the upstream or the client got it. */
  readonly verdict: string;
  readonly decisionId: string;
  /** The SDK's error message; empty when the call went well. */
  readonly errorMessage: string;
  /** How many times the SDK sent the request: a denial must not be retried. */
  readonly sent: number;
  /** One line for people. */
  readonly told: string;
}

/** Sends a prompt with the official SDK and looks at both ends. */
export async function ask(scenario: Scenario, at: { baseURL: string; upstream: Upstream }): Promise<Outcome> {
  const before = at.upstream.received.length;
  const bodies: string[] = [];
  const client = new OpenAI({
    apiKey: 'not-a-real-key',
    baseURL: at.baseURL,
    fetch: (url, init) => {
      bodies.push(String(init?.body));
      return fetch(url as string, init as RequestInit);
    },
  });
  const end = await client.chat.completions
    .create({ model: 'stand-in', messages: [{ role: 'user', content: scenario.prompt }] })
    .then((answer) => ({
      status: 200,
      headers: new Headers(),
      errorMessage: '',
      text: answer.choices[0]?.message.content ?? '',
    }))
    .catch((error: unknown) => {
      if (!(error instanceof OpenAI.APIError)) throw error;
      return {
        status: error.status ?? 0,
        headers: error.headers ?? new Headers(),
        errorMessage: error.message,
        text: error.name,
      };
    });
  const received = at.upstream.received[before];
  const header = (name: string) => String(received?.headers[name] ?? end.headers.get(name) ?? '');
  return {
    reachedUpstream: received !== undefined,
    unchanged: received?.body.toString() === bodies[0],
    status: end.status,
    verdict: header('x-jimini-verdict'),
    decisionId: header('x-jimini-decision-id'),
    errorMessage: end.errorMessage,
    sent: bodies.length,
    told: end.errorMessage === '' ? `${end.status} ${end.text}` : `${end.errorMessage}`,
  };
}

/** What of the scenario did not come true; empty = all of it did. */
export function unmet({ outcome, verdict }: Scenario, seen: Outcome): string[] {
  const problems: string[] = [];
  const expect = (met: boolean, problem: string) => {
    if (!met) problems.push(problem);
  };
  expect(seen.verdict === verdict, `expected the verdict ${verdict}, got "${seen.verdict}"`);
  expect(/^[a-z2-7]{26}:\d+$/.test(seen.decisionId), `expected a decision id, got "${seen.decisionId}"`);
  expect(seen.sent === 1, `expected one request, the SDK sent ${seen.sent}`);
  if (outcome === 'passes') {
    expect(seen.reachedUpstream && seen.unchanged, 'expected the upstream to get the request unchanged');
    expect(seen.status === 200, `expected status 200, got ${seen.status}`);
    return problems;
  }
  expect(!seen.reachedUpstream, 'expected the upstream never to see it');
  expect(seen.status === 403, `expected the SDK to raise its error of status 403, got ${seen.status}`);
  expect(seen.errorMessage.includes(seen.decisionId), 'expected the error message to name the decision id');
  return problems;
}
