import { CONFIG_KEYS, type ConfigKey, expectedOf } from './keys.js';

/** The reference table of all settings as Markdown, as it stands in docs/configuration.md: columns aligned, as the formatter wants. */
export function configTable(): string {
  const rows = [['Key', 'Variable', 'Default', 'Takes', 'Meaning', 'Changes act'], ...CONFIG_KEYS.map(rowOf)];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const [header, ...body] = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
  const line = widths.map((width) => '-'.repeat(width));
  return [header ?? [], line, ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function rowOf(key: ConfigKey): string[] {
  return [
    code(key.path),
    key.variable === undefined ? 'none' : code(key.variable),
    code(defaultOf(key)),
    takes(key),
    key.node.description ?? '',
    key.node['x-reload'] === 'live' ? 'on reload' : 'after a restart',
  ].map((cell) => cell.replaceAll('|', '\\|'));
}

function takes({ node }: ConfigKey): string {
  const members = node.additionalProperties;
  if (typeof members !== 'object') return expectedOf(node);
  if (members.properties) return 'name: settings';
  return members.enum ? `gap kind: ${members.enum.join(', ')}` : `pattern: ${expectedOf(members)}`;
}

function defaultOf(key: ConfigKey): string {
  return typeof key.node.default === 'string' ? key.node.default : JSON.stringify(key.node.default);
}

function code(text: string): string {
  return `\`${text}\``;
}
