import type { Report } from './checks.js';
import { checkTimeout } from './timeout.js';
import { at, field, isTrue, nameIn, type Place, type Tree, textAt } from './tree.js';

/** Checks an `envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor` that names Jimini. */
export function checkExtProc(report: Report, body: Tree, place: Place): void {
  const flags = [
    ['failure_mode_allow', 'failure-open'],
    ['observability_mode', 'observe-only'],
    ['disable_immediate_response', 'immediate-response-disabled'],
  ] as const;
  for (const [name, check] of flags) {
    const found = field(body, name);
    if (found && isTrue(found)) report(check, found, `${found.name} is true`);
  }
  const mode = at(body, 'processing_mode');
  const request = field(mode, 'request_body_mode');
  const said = textAt(request?.value) ?? 'NONE';
  if (/^(NONE|0)$/.test(said)) {
    const name = request?.name ?? nameIn(mode, 'request_body_mode');
    report('body-missing', request ?? place, `${name} is NONE`);
  }
  if (request && /^(BUFFERED_PARTIAL|3)$/.test(said)) report('body-partial', request, `${request.name} is ${said}`);
  checkTimeout(report, field(body, 'message_timeout'));
}
