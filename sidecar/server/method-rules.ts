import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import type { CallPool, CallRules } from './call-rules.js';
import type { GrpcServerLimits, GrpcServerOptions } from './grpc-server.js';
import { HEALTH_SERVICE, type Health } from './health.js';
import { REFLECTION_SERVICES, reflection } from './reflection.js';
import { streamMethod } from './stream-method.js';
import { unaryMethod } from './unary-method.js';

/** Ours with one answer, ours with a stream of answers, and health and reflection. */
export interface CallPools {
  readonly work: CallPool;
  readonly streaming: CallPool;
  readonly auxiliary: CallPool;
}

/** What the rules of all methods of a server are made of. */
export interface RulesContext {
  readonly limits: GrpcServerLimits;
  readonly pools: CallPools;
  readonly health: Health;
}

/** Full names of the services that have a health. */
export function servicesOf({ methods, streams, descriptorSet }: GrpcServerOptions): string[] {
  const paths = [...methods.keys(), ...(streams?.keys() ?? [])];
  const own = new Set(paths.map((path) => path.slice(1, path.lastIndexOf('/'))));
  return descriptorSet ? [...own, ...REFLECTION_SERVICES] : [...own];
}

/** The rules of every method by its path: ours in pools of their own, health and reflection in the small one. */
export function rulesOf(options: GrpcServerOptions, context: RulesContext): ReadonlyMap<string, CallRules> {
  return new Map([...rulesOfOurs(options, context), ...rulesOfOthers(options, context)]);
}

function rulesOfOurs(options: GrpcServerOptions, { limits, pools }: RulesContext): Map<string, CallRules> {
  const { methods, streams = new Map(), access, onError, onOverload } = options;
  const { messageBytesMax, callMsMax, stalledMsMax } = limits;
  const rules = new Map<string, CallRules>();
  const add = (
    path: string,
    overloaded: CallRules['overloaded'],
    rest: Pick<CallRules, 'pool' | 'callMsMax' | 'method'>,
  ) =>
    rules.set(path, {
      ...rest,
      access: access?.of(path),
      messageBytesMax,
      overloaded: () => {
        onOverload?.();
        return overloaded();
      },
      isWork: true,
    });
  for (const [path, { handler, overloaded }] of methods) {
    const method = { serve: unaryMethod(handler, onError) };
    add(path, overloaded, { pool: pools.work, callMsMax, method });
  }
  for (const [path, { handler, overloaded }] of streams) {
    const method = { serve: streamMethod(handler, onError, stalledMsMax) };
    add(path, overloaded, { pool: pools.streaming, callMsMax: Number.POSITIVE_INFINITY, method });
  }
  return rules;
}

/** Nobody is asked who he is, and what lasts can be evicted. */
function rulesOfOthers(options: GrpcServerOptions, { limits, pools, health }: RulesContext): Map<string, CallRules> {
  const { descriptorSet } = options;
  const rules = new Map<string, CallRules>();
  const add = (path: string, callMsMax: number, method: CallRules['method']) =>
    rules.set(path, {
      pool: pools.auxiliary,
      messageBytesMax: LIMITS.auxiliaryMessageBytesMax,
      callMsMax,
      overloaded: () => new JiminiError('JIMINI_OVERLOADED', 'too many health and reflection calls'),
      isWork: false,
      method,
    });
  add(`/${HEALTH_SERVICE}/Check`, limits.callMsMax, { serve: health.check });
  add(`/${HEALTH_SERVICE}/List`, limits.callMsMax, { serve: health.list });
  add(`/${HEALTH_SERVICE}/Watch`, Number.POSITIVE_INFINITY, { serve: health.watch });
  if (!descriptorSet) return rules;
  const listed = [...servicesOf(options), HEALTH_SERVICE];
  const converse = reflection(descriptorSet, listed);
  for (const service of REFLECTION_SERVICES) {
    add(`/${service}/ServerReflectionInfo`, Number.POSITIVE_INFINITY, { converse });
  }
  return rules;
}
