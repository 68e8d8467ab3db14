import { Command, Option } from 'commander';
import { packageVersion } from '../config/package-root.js';
import { type CliContext, printLines } from './cli-io.js';
import { addConfigFileOption } from './config-options.js';
import { type JudgeOptions, judgeOnce } from './judge-once.js';
import { showEverything, showNothing } from './reveal.js';
import { judgementSarif } from './sarif.js';
import { type InputOptions, readTestInput } from './test-input.js';
import { judgementJson, judgementTable } from './test-report.js';

interface TestOptions extends InputOptions, JudgeOptions {
  readonly format: 'table' | 'json' | 'sarif';
  readonly reveal?: boolean;
}

/** `jimini test`. */
export function testCommand(context: CliContext): Command {
  const command = new Command('test')
    .description('Judge a text or a body as the sidecar would, and say why. Nothing is recorded.')
    .option('--pack <pack>', 'built-in packs, `all`, or paths of packs, with commas between; may be repeated', collect)
    .option('--text <text>', 'text to judge; - reads standard input')
    .option('--file <file>', 'file with the text to judge; - reads standard input')
    .option('--body <file>', 'file with a request body, read like an intercepted one; - reads standard input')
    .option('--content-type <type>', 'Content-Type of the body (default: application/json)')
    .option('--content-encoding <coding>', 'Content-Encoding of the body')
    .option('--direction <direction>', 'inbound or outbound; without it every rule applies')
    .option('--endpoint <path>', 'path that rules are scoped by, such as /v1/chat/completions')
    .option('--tenant <name>', 'tenant whose exceptions hold, instead of the configured one')
    .option('--shadow', 'as with shadow mode on')
    .option(
      '--reveal',
      'show the text that each rule found, cut to 200 characters; without it no such text is printed',
    );
  return addConfigFileOption(command)
    .addOption(new Option('--format <format>', 'how to print').choices(['table', 'json', 'sarif']).default('table'))
    .addHelpText(
      'after',
      '\nWithout --pack the packs of the configuration apply, as do its other settings; classifiers are asked.' +
        '\n\nExamples:\n  jimini test --text "my card is 4111 1111 1111 1111"' +
        '\n  jimini test --pack secrets --pack ./own.yaml --file notes.txt --format sarif' +
        '\n  curl -s https://example.com/body.json | jimini test --body - --direction inbound' +
        '\n\nExit codes: 0 allow or flag, 1 block or mask, 2 error.',
    )
    .action((options: TestOptions) => test(options, context));
}

async function test(options: TestOptions, { io, exit }: CliContext): Promise<void> {
  const { content, file } = await readTestInput(options, io);
  const { judgement, gapActions, question, snapshot } = await judgeOnce(content, options, io);
  const shown = (options.reveal ? showEverything : showNothing)(snapshot, question, judgement);
  if (judgement.effective === 'BLOCK' || judgement.effective === 'MASK') exit(1);
  switch (options.format) {
    case 'table':
      return printLines(io, judgementTable(judgement, shown));
    case 'json':
      io.stdout.write(`${judgementJson(judgement, shown)}\n`);
      return;
    case 'sarif': {
      const text = content.kind === 'text' ? { text: content.text } : {};
      const source = { version: packageVersion(), gapActions, shown, ...text, ...(file !== undefined && { file }) };
      io.stdout.write(`${judgementSarif(judgement, source)}\n`);
    }
  }
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(',').map((pack) => pack.trim())];
}
