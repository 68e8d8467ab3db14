import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { MeshFinding } from '../../mesh/lint/findings.js';
import { lintMesh } from '../../mesh/lint/lint.js';
import type { MeshFile } from '../../mesh/lint/read-file.js';
import { readTextFile } from '../config/read-file.js';
import { printableJson } from '../kernel/printable.js';
import { type CliContext, complain, printLines } from './cli-io.js';

/** `jimini mesh lint FILE...`. */
export function meshLintCommand({ io, exit }: CliContext): Command {
  return new Command('lint')
    .exitOverride()
    .description('Check proxy configuration for what lets content pass unjudged, or keeps Jimini from judging it.')
    .argument(
      '<file...>',
      'YAML or JSON of Envoy, Istio, Envoy Gateway or agentgateway; all files together are one configuration',
    )
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      '\nPrints `file:line:column: severity: message`, one line each, with the name of the check at its end;' +
        '\n`jimini mesh checks` lists them.' +
        '\n\nExamples:\n  jimini mesh lint envoy.yaml\n  jimini mesh lint mesh-config.yaml policy.yaml --format json' +
        '\n\nExit codes: 0 clean or warnings only, 2 any error.',
    )
    .action(async (paths: readonly string[], { format }: { readonly format: 'text' | 'json' }) => {
      const findings = lintMesh(await Promise.all(paths.map((path) => readMeshFile(path, io.directory))));
      const errors = findings.filter(({ severity }) => severity === 'error').length;
      if (errors > 0) exit(2);
      if (format === 'json') {
        io.stdout.write(`${printableJson({ findings })}\n`);
        return;
      }
      printLines(io, findings.map(lineOf));
      const found = `${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}`;
      complain(io, [`${found}; ${count(paths.length, 'file')}`]);
    });
}

async function readMeshFile(file: string, directory: string): Promise<MeshFile> {
  const text = await readTextFile(resolve(directory, file));
  return typeof text === 'string' ? { file, text } : { file, reason: text.reason };
}

function lineOf({ file, line, column, severity, check, message, why, mend }: MeshFinding): string {
  return `${file}:${line}:${column}: ${severity}: ${message}: ${why}. To mend: ${mend}. [${check}]`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
