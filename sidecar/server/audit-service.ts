import { setTimeout as delay } from 'node:timers/promises';
import {
  ListEntriesRequest,
  ListEntriesResponse,
  StreamEntriesRequest,
  StreamEntriesResponse,
} from '../../proto/gen/jimini/v1/audit.js';
import type { KeptTiles } from '../audit/tree/kept-tiles.js';
import type { UnaryHandler } from '../kernel/call.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { decode } from './decode.js';
import type { StreamMethod, UnaryMethod } from './grpc-server.js';
import { type BatchBounds, firstSeqOf, type ReadableLog, readBatch, readEnd, readKinds, readSeq } from './log-batch.js';
import { formatPageToken, type PageCursor, parsePageToken } from './page-token.js';
import { createProofMethods, type ProofMethods, type SignedLog } from './proof-methods.js';
import type { StreamHandler } from './stream-method.js';
import { verifyHandler } from './verify-stream.js';

const SERVICE = '/jimini.v1.AuditService';

/** What the service needs of the rest of the program. */
export interface AuditServiceOptions {
  readonly log: ReadableLog & SignedLog;
  /** What proofs of it have read and will read. */
  readonly kept: KeptTiles;
  /** A message of this method could not be decoded. */
  readonly onMalformed: (method: 'ListEntries' | 'StreamEntries' | 'Verify' | keyof ProofMethods) => void;
}

/** The methods of jimini.v1.AuditService over raw bytes, by path. */
export interface AuditService {
  readonly methods: ReadonlyMap<string, UnaryMethod>;
  readonly streams: ReadonlyMap<string, StreamMethod>;
}

/** See `AuditService`. */
export function createAuditService({ log, kept, onMalformed }: AuditServiceOptions): AuditService {
  const places = createPlaces();
  const stream = (handler: StreamHandler): StreamMethod => ({ handler: places.limited(handler), overloaded });
  const unary = {
    ListEntries: listHandler(log, () => onMalformed('ListEntries')),
    ...createProofMethods(log, kept, onMalformed),
  };
  return {
    methods: new Map(Object.entries(unary).map(([name, handler]) => [`${SERVICE}/${name}`, { handler, overloaded }])),
    streams: new Map([
      [`${SERVICE}/StreamEntries`, stream(streamHandler(log, () => onMalformed('StreamEntries')))],
      [`${SERVICE}/Verify`, stream(verifyHandler(log, () => onMalformed('Verify')))],
    ]),
  };
}

function overloaded(): JiminiError {
  return new JiminiError('JIMINI_OVERLOADED', 'too many calls on the control port; try again later');
}

function listHandler(log: ReadableLog, onMalformed: () => void): UnaryHandler {
  return async (message) => {
    const request = decode(ListEntriesRequest, message, onMalformed);
    const kinds = readKinds(request.kinds);
    const { size } = log;
    const first = readSeq(request.firstSeq, log);
    const at = cursorOf(request, first, size);
    const bounds = {
      ...PAGE_BOUNDS,
      entriesMax: Math.min(request.pageSize || LIMITS.pageEntries, LIMITS.pageEntriesMax),
    };
    const { entries, next } = await readBatch(log, { from: at.next, end: at.end }, kinds, bounds);
    const passed = at.passed + entries.length;
    return ListEntriesResponse.encode({
      entries,
      nextPageToken: next < at.end ? formatPageToken({ next, end: at.end, passed }, request) : '',
      rangeLeaves: BigInt(at.end - first),
      examinedLeaves: BigInt(next - first),
      passedLeaves: BigInt(passed),
      logId: log.logId,
      logSize: BigInt(size),
      logFirstSeq: BigInt(firstSeqOf(log)),
    }).finish();
  };
}

const PAGE_BOUNDS = { bytesMax: LIMITS.pageBytesMax, examinedMax: LIMITS.pageExaminedMax };

function cursorOf(request: ListEntriesRequest, first: number, size: number): PageCursor {
  if (request.pageToken === '') return { next: first, end: readEnd(request, first, size), passed: 0 };
  const cursor = parsePageToken(request.pageToken, request, size);
  // Leaves may have been removed since the page before.
  if (cursor) return { ...cursor, next: Math.max(cursor.next, first), end: Math.max(cursor.end, first) };
  const message = 'page_token is not one that this range and these kinds were given';
  throw new JiminiError('JIMINI_INVALID_ARGUMENT', message);
}

function streamHandler(log: ReadableLog, onMalformed: () => void): StreamHandler {
  return async function* (message, { signal }) {
    const request = decode(StreamEntriesRequest, message, onMalformed);
    const kinds = readKinds(request.kinds);
    const stopsAt = request.stopAtEnd ? log.size : undefined;
    let next = readSeq(request.firstSeq, log);
    for (let isFirst = true; ; isFirst = false) {
      // Who reads slowly may be overtaken by what is removed.
      next = Math.max(next, firstSeqOf(log));
      const logSize = stopsAt ?? log.size;
      if (next < logSize || isFirst) {
        const batch = await readBatch(log, { from: next, end: logSize }, kinds, MESSAGE_BOUNDS);
        next = batch.next;
        yield StreamEntriesResponse.encode({
          entries: batch.entries,
          nextSeq: BigInt(next),
          logId: log.logId,
          logSize: BigInt(logSize),
          logFirstSeq: BigInt(firstSeqOf(log)),
        }).finish();
      }
      if (next === stopsAt) return;
      if (next === log.size) await delay(LIMITS.followMs, undefined, { signal });
    }
  };
}

const MESSAGE_BOUNDS: BatchBounds = {
  entriesMax: LIMITS.streamMessageLeavesMax,
  bytesMax: LIMITS.streamMessageBytesMax,
  examinedMax: LIMITS.streamMessageLeavesMax,
};

/** Bounds the streams of one principal. */
function createPlaces() {
  const taken = new Map<string, number>();
  return {
    limited(handler: StreamHandler): StreamHandler {
      return async function* (message, call) {
        const name = call.principal?.name ?? '';
        const before = taken.get(name) ?? 0;
        if (before >= LIMITS.principalStreamsMax) {
          throw new JiminiError('JIMINI_OVERLOADED', `a principal may have ${LIMITS.principalStreamsMax} streams open`);
        }
        taken.set(name, before + 1);
        try {
          yield* handler(message, call);
        } finally {
          const left = (taken.get(name) ?? 1) - 1;
          if (left === 0) taken.delete(name);
          else taken.set(name, left);
        }
      };
    },
  };
}
