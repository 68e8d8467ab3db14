import type { AdminFields, ConfigFields, Discontinuity, LeafFields, LeafPlace } from '../kernel/leaf.js';
import { printable } from '../kernel/printable.js';

/** One leaf as one line for people. */
export function leafText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  try {
    return lineOf(JSON.parse(text) as LeafFields & LeafPlace);
  } catch {
    // A forged leaf can have the right hash and yet hold anything.
    return `no leaf of this version: ${printable(text)}`;
  }
}

function lineOf(leaf: LeafFields & LeafPlace): string {
  const time = new Date(leaf.time_ms).toISOString();
  const line = `${String(leaf.seq).padStart(8)}  ${time}  ${leaf.kind.padEnd(8)}  ${summary(leaf)}`;
  return printable(line, Number.POSITIVE_INFINITY);
}

function summary(leaf: LeafFields): string {
  switch (leaf.kind) {
    case 'decision': {
      const raw = leaf.raw === leaf.effective ? '' : ` (raw ${leaf.raw})`;
      const acting = leaf.switch === undefined ? '' : ` switch=${[leaf.switch, ...(leaf.windows ?? [])].join(',')}`;
      const rules = listed('rules', leaf.rule_ids, leaf.rule_count);
      const gaps = listed('gaps', leaf.gaps, leaf.gap_count);
      const answers = (leaf.classifiers ?? []).map(
        ({ rule, name, model, said }) => `${rule}:${name}(${model}):${said}`,
      );
      const asked = listed('classifiers', answers, leaf.classifier_count ?? 0);
      const tenant = leaf.tenant === '' ? '' : ` tenant=${leaf.tenant}`;
      const where = `${leaf.door} ${leaf.direction || 'any direction'} ${leaf.route}`;
      return `${leaf.effective.padEnd(5)}${raw} ${where}${tenant}${acting}${rules}${gaps}${asked}`;
    }
    case 'open':
      return `version ${leaf.version}, policy ${leaf.policy_revision ?? 'not told'}, found ${leaf.recovered_size} leaves, previous close: ${leaf.previous_close}`;
    case 'config':
      return configSummary(leaf);
    case 'admin':
      return adminSummary(leaf);
    case 'gap': {
      if (leaf.reason !== 'store_unavailable')
        return `the log does not go on from what was signed last: ${discontinuityText(leaf)}`;
      const kept = leaf.kept.length === 0 ? '' : `, of them ${leaf.kept.join('-')} are in the log`;
      const from = new Date(leaf.first_ms).toISOString();
      const to = new Date(leaf.last_ms).toISOString();
      const late = leaf.late
        ? `; ${leaf.late.join('-')} were answered before a write that failed, and written again`
        : '';
      const retired = leaf.retired ? `; no decision gets a number of ${leaf.retired.join('-')}` : '';
      return `${leaf.records} records answered as not recorded${kept} (${leaf.reason}), ${from} to ${to}${late}${retired}`;
    }
    case 'key':
      return `${leaf.what}: key ${leaf.old_key} -> ${leaf.new_key}${leaf.old_signature === '' ? ', not signed by the old one' : ''}`;
    case 'prune':
      return `leaves below ${leaf.min_seq} are removed: ${leaf.reason}`;
    case 'close':
      return leaf.reason;
    default:
      return 'of a kind that this version does not write: see --format json';
  }
}

function discontinuityText({ reason, recovered_size, signed_size }: Discontinuity): string {
  return `${reason}, ${recovered_size} leaves were there, ${signed_size} signed`;
}

function configSummary(leaf: ConfigFields): string {
  if (leaf.what !== 'tokens') return `${leaf.what}: policy ${leaf.old_policy_revision} -> ${leaf.new_policy_revision}`;
  const { event, token_id: id, principal, roles = [], expires_ms: expires } = leaf;
  const whose = principal === undefined ? '' : ` of ${principal}, roles ${roles.join(',')}`;
  const until = expires === undefined ? '' : `, until ${new Date(expires).toISOString()}`;
  return `tokens: ${event} ${id}${whose}${until}`;
}

function adminSummary(leaf: AdminFields): string {
  if (leaf.op === 'refused') {
    return `refused ${leaf.method}: ${leaf.reason}${leaf.principal === undefined ? '' : ` of ${leaf.principal}`}`;
  }
  if (leaf.op === 'refusals') {
    const between = `${new Date(leaf.first_ms).toISOString()} to ${new Date(leaf.last_ms).toISOString()}`;
    return `refusals: ${leaf.count} more calls were refused, ${between}`;
  }
  if (leaf.op === 'acknowledge_gap') return `acknowledged: ${discontinuityText(leaf)}`;
  const until = new Date(leaf.until_ms).toISOString();
  const from = leaf.from_ms === undefined ? '' : ` from ${new Date(leaf.from_ms).toISOString()}`;
  const first = new Date(leaf.first_shown_ms).toISOString();
  return `${leaf.op} ${leaf.name}: ${leaf.event},${from} until ${until}, first shown ${first}, digest ${leaf.digest}`;
}

function listed(name: string, items: readonly string[], count: number): string {
  if (count === 0) return '';
  const more = count > items.length ? ` and ${count - items.length} more` : '';
  return ` ${name}=${items.join(',')}${more}`;
}
