// npm run demo [-- --keep]: client (official OpenAI SDK) -> real Envoy -> Jimini -> stand-in upstream, then the verified log.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEnvoy } from '../envoy/envoy.js';
import { sampleConfigFor } from '../envoy/sample-config.js';
import { startUpstream } from '../envoy/upstream.js';
import { jimini, verifySigned } from '../processes/cli.js';
import { startSidecarProcess } from '../processes/sidecar.js';
import { readArguments } from '../tools/arguments.js';
import { installTool } from '../tools/programs.js';
import { ask, unmet } from './ask.js';
import { SCENARIOS } from './scenarios.js';

const { values: flags } = readArguments({
  usage: 'npm run demo [-- --keep]',
  config: { options: { keep: { type: 'boolean', default: false } } },
});
const say = (text = '') => process.stdout.write(`${text}\n`);
const portOf = (address: string) => Number(address.slice(address.lastIndexOf(':') + 1));

const folder = await mkdtemp(join(tmpdir(), 'jimini-demo-'));
const dataDir = join(folder, 'data');
const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
try {
  process.exitCode = (await demo()) ? 0 : 1;
  if (flags.keep)
    await new Promise((resolve) => ['SIGINT', 'SIGTERM'].forEach((signal) => void process.once(signal, resolve)));
} finally {
  for (const stop of stops.reverse()) await stop();
}

async function demo(): Promise<boolean> {
  say('Starting: stand-in LLM, Jimini, Envoy');
  await installTool('envoy');
  const upstream = await startUpstream();
  stops.push(() => upstream.close());
  const sidecar = await startSidecarProcess({ dataDir });
  stops.push(() => sidecar.stop());
  const envoy = await startEnvoy(
    sampleConfigFor({
      listen: { port: 0 },
      jimini: { port: portOf(sidecar.data) },
      llm: { port: upstream.port },
    }),
  );
  stops.push(() => envoy.stop());
  const address = `127.0.0.1:${envoy.port}`;
  say(`  client -> Envoy ${address} -> LLM 127.0.0.1:${upstream.port}`);
  say(`            Envoy -> Jimini ${sidecar.data} (metrics http://${sidecar.ops}/metrics)`);

  let allMet = true;
  for (const scenario of SCENARIOS) {
    const outcome = await ask(scenario, { baseURL: `http://${address}/v1`, upstream });
    const problems = unmet(scenario, outcome);
    allMet &&= problems.length === 0;
    say(`\n${scenario.title}`);
    say(`  prompt    ${scenario.prompt}`);
    say(
      `  upstream  ${outcome.reachedUpstream ? `saw it, ${outcome.unchanged ? 'unchanged' : 'CHANGED'}` : 'never saw it'}`,
    );
    say(`  client    ${outcome.told}`);
    for (const problem of problems) say(`  UNMET     ${problem}`);
  }

  say('\nThe log (no prompt text in it):');
  say((await jimini(['log', 'show', '--data-dir', dataDir])).stdout.trimEnd());
  const verified = await verifySigned(['--data-dir', dataDir]);
  say(`\n${verified.stdout.trimEnd()}${verified.stderr.trimEnd()}`);
  const good = allMet && verified.code === 0;
  say(good ? '\nEverything went as expected.' : '\nSomething did NOT go as expected: see UNMET above.');
  if (flags.keep) {
    say('\nLeft running until Ctrl-C:');
    say(`  LLM API through Envoy  http://${address}/v1`);
    say(`  gRPC (grpcurl)         ${sidecar.data}`);
    say(`  metrics and health     http://${sidecar.ops}/metrics  http://${sidecar.ops}/health`);
    say(`  log                    ${dataDir}`);
  }
  return good;
}
