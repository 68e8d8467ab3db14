import { LIMITS } from '../../kernel/limits.js';
import { ConnectionError, ERROR, FRAME_BYTES_MAX, SETTING, WINDOW_BYTES_MAX } from './protocol.js';

const ENTRY_BYTES = 6;
const FRAME_BYTES_MAX_MAX = 0xff_ffff;

/**
 * The window of new streams that a SETTINGS frame asks for, if it does; all that it says is checked (RFC 9113 section 6.5.2). Nothing
 * else matters to us: we push nothing, have no table for headers, send no frame above the least that a peer must accept.
 */
export function initialWindowIn(payload: Buffer): number | undefined {
  if (payload.length % ENTRY_BYTES !== 0) throw new ConnectionError(ERROR.frameSizeError, 'SETTINGS are cut off');
  let initialWindow: number | undefined;
  for (let at = 0; at < payload.length; at += ENTRY_BYTES) {
    const name = payload.readUInt16BE(at);
    const value = payload.readUInt32BE(at + 2);
    if (name === SETTING.enablePush && value > 1)
      throw new ConnectionError(ERROR.protocolError, 'ENABLE_PUSH is neither 0 nor 1');
    if (name === SETTING.maxFrameSize && (value < FRAME_BYTES_MAX || value > FRAME_BYTES_MAX_MAX))
      throw new ConnectionError(ERROR.protocolError, 'MAX_FRAME_SIZE is out of bounds');
    if (name === SETTING.initialWindowSize) {
      if (value > WINDOW_BYTES_MAX)
        throw new ConnectionError(ERROR.flowControlError, 'INITIAL_WINDOW_SIZE is too large');
      initialWindow = value;
    }
  }
  return initialWindow;
}

/** Window of our streams: enough for a prompt in one go. */
export const STREAM_WINDOW_BYTES = 256 * 1024;
/** Window of all streams of a connection together. */
export const CONNECTION_WINDOW_BYTES = 1024 * 1024;

/** Payload of our SETTINGS. */
export const OUR_SETTINGS = payloadOf([
  [SETTING.maxConcurrentStreams, LIMITS.streamsPerSessionMax],
  [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
  [SETTING.maxHeaderListSize, LIMITS.headerBytesMax],
]);

function payloadOf(settings: readonly (readonly [name: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(settings.length * ENTRY_BYTES);
  settings.forEach(([name, value], i) => {
    payload.writeUInt16BE(name, i * ENTRY_BYTES);
    payload.writeUInt32BE(value, i * ENTRY_BYTES + 2);
  });
  return payload;
}
