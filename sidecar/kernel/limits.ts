import { CONTROL_LIMITS } from './control-limits.js';
import { LOG_LIMITS } from './log-limits.js';
import { PRIVACY_LIMITS } from './privacy-limits.js';
import { WITNESS_LIMITS } from './witness-limits.js';

/** Every bound of the program, each with its reason. Bytes are bytes of the wire unless the name says otherwise. */
export const LIMITS = {
  ...CONTROL_LIMITS,
  ...LOG_LIMITS,
  ...WITNESS_LIMITS,
  ...PRIVACY_LIMITS,
  /** Largest request body that is read. Coding agents send up to 2 MB; operators of gateways raise their limits to 32 MiB. */
  bodyBytesMax: 32 * 1024 * 1024,
  /** Content codings on one body. One is usual; proxies and clients together may put two there. */
  codingsMax: 3,
  /** How many times its size a coded body may unpack to. Prompts come to ten, repetitive JSON to fifty; gzip can do a thousand. */
  codingRatioMax: 200,
  /** Up to so many unpacked bytes the ratio does not matter. */
  codingBytesFree: 1024 * 1024,
  /** JSON texts, one a line, that are read of one body; each costs a pass of its own. */
  jsonLinesMax: 20_000,
  /** Messages of one gRPC body. A call with more is a stream, which is never seen whole. */
  grpcMessagesMax: 20_000,
  /** Parts of one multipart body. Batches of files have some hundred. */
  multipartPartsMax: 1000,
  /** Headers of one part, and the header that names the boundary. */
  multipartHeadBytesMax: 8 * 1024,
  /** Largest gRPC message. Above it gRPC itself refuses, which cannot be recorded; so it leaves room above the body limit. */
  grpcReceiveBytesMax: 48 * 1024 * 1024,
  /** Bytes of requests received, being received or being judged at one time, over all connections. */
  inFlightBytesMax: 256 * 1024 * 1024,
  /** Requests being received or judged at one time, over all connections. */
  inFlightRequestsMax: 2048,
  /** Streams that one connection may have open at one time. Envoy opens one connection per worker thread. */
  streamsPerSessionMax: 256,
  /** Connections that one listener has; over it one that waits for its peer gives way. Envoy opens one per worker thread and cluster. */
  connectionsMax: 512,
  /**
   * Part of a listener's connections that may have asked for nothing yet before the oldest of them gives way, and not one that has
   * asked: an honest peer asks as soon as it is connected.
   */
  silentConnectionsShareMax: 0.25,
  /** A connection without a stream is closed after this long. Longer than Envoy's own hour, so that Envoy, which knows what it is about to send, closes first. */
  connectionIdleMsMax: 2 * 60 * 60 * 1000,
  /** How long a new connection may take to say that it speaks HTTP/2. */
  prefaceMsMax: 10_000,
  /** How often a quiet connection is pinged: finds peers that vanished without a word. */
  keepaliveMs: 60_000,
  /** How long a pinged peer has to answer. */
  keepaliveTimeoutMs: 20_000,
  /** Stream resets that one connection may send at once. An honest proxy resets a stream whenever its own timeout passes. */
  streamResetBurst: 10_000,
  /** Stream resets per second that one connection may go on sending; above it, it is taken for a rapid-reset attack (CVE-2023-44487). */
  streamResetsPerSecond: 2_000,
  /** Size of the header block of one request: what Node announces unless told otherwise. */
  headerBytesMax: 64 * 1024,
  /** Memory that a piece of a message takes besides its bytes: a Buffer of Node with memory of its own. Stops floods of one-byte frames. */
  chunkOverheadBytes: 512,
  /** Memory that an open call takes besides its headers and its message, with a wide margin: HTTP/2 stream and call objects. */
  callOverheadBytes: 8 * 1024,
  /** Health and reflection calls open at one time per listener. They have their own bound, so that load cannot fail a health check. */
  auxiliaryCallsMax: 128,
  /** Bytes of health and reflection requests being received at one time. */
  auxiliaryBytesMax: 4 * 1024 * 1024,
  /** Largest health or reflection request: a name of a service, type or file. */
  auxiliaryMessageBytesMax: 16 * 1024,
  /** Reflection requests on one stream. grpcurl needs a few dozen for the largest schema. */
  reflectionRequestsMax: 1000,
  /** How long an answered stream may stay open because its caller goes on sending or does not read. */
  lingerMs: 1000,
  /** How often deadlines are looked at, for all calls at one time: a timer for each would cost more than the rest of a call's state. */
  deadlineTickMs: 50,
  /** Longest sentence of a gRPC status, in UTF-16 units: ours are short, and encoded each unit may take nine bytes of one header block. */
  grpcMessageCharsMax: 1024,
  /** Longest correlation id of an Evaluate call: it is echoed. */
  evaluateRequestIdCharsMax: 1024,
  /** Size of the header block of one operations HTTP request. */
  opsHeaderBytesMax: 8 * 1024,
  /** How often gRPC health is brought up to date with what `/readyz` says: those who ask it do so every few seconds. */
  readyTickMs: 1_000,
  /** How long an operations HTTP request may take to arrive, and its answer to be read. */
  opsRequestMsMax: 10_000,
  /** Connections to the operations HTTP port; each carries one request. */
  opsConnectionsMax: 64,
  /** A call without a deadline of its own, or with a later one, ends after this long, so that a stalled sender does not hold memory for ever. */
  callWithoutDeadlineMsMax: 30_000,
  /** Nesting of a protobuf message: decoders recurse, and Envoy's metadata is a recursive Struct. */
  protobufDepthMax: 64,
  /** Length of one `jimini.*` value of a route, in UTF-16 code units. Room for a list of packs; endpoint and tenant go into a leaf. */
  contextValueCharsMax: 512,
  /** Endpoints that have series of their own in the metrics; what comes later counts as `other`. More than there are known API paths. */
  endpointLabelsMax: 200,
  /** Keys that are read of our namespace in metadata. There are five that mean something. */
  contextWordsMax: 64,
  /** Named routes of a configuration; their patterns are tried one after the other for each request. */
  routesMax: 64,
  /** Characters kept of a request id. A UUID has 36; a client may send anything. */
  requestIdCharsMax: 128,
  /** Longest name of a client in its certificate that a tenant is looked up by. A SPIFFE id has at most 2,048 bytes. */
  principalBytesMax: 2048,
  /** Patterns of principals that have a tenant; tried one after the other for each request that comes with a certificate. */
  tenantsMax: 1000,
  /** Characters of the sentence that a denied client is told. It names rules, of which there can be hundreds. */
  denialMessageCharsMax: 1024,
  /** Body of a denied JSON-RPC call in which its ids are looked for: what servers of MCP accept. Takes some milliseconds. */
  rpcBodyBytesMax: 4 * 1024 * 1024,
  /** Messages of one JSON-RPC batch that are answered one by one: each takes a copy of the denial. */
  rpcBatchMax: 100,
  /** Members of one JSON-RPC message. Four are known. */
  rpcMembersMax: 32,
  /** Longest id of a JSON-RPC request, with its quotes: it is echoed. A UUID takes 38. */
  rpcIdBytesMax: 256,
  /** Nesting of JSON. Real requests stay below 20. */
  jsonDepthMax: 128,
  /**
   * JSON inside JSON strings, levels that are followed: arguments inside a logged request inside the result of a tool
   * are three. Each level more needs twice as many backslashes, so that honest text does not reach the bound.
   */
  nestedJsonMax: 6,
  /** Characters on each side of a seam between two texts that are judged joined; phrases and most secrets are shorter. */
  seamCharsMax: 256,
  /**
   * Characters of one body that are judged once more in another form (decoded, joined): room for a body of the largest
   * size that is JSON inside a string. Without it a few levels of nesting would multiply a large body.
   */
  derivedCharsMax: 32 * 1024 * 1024,
  /**
   * Characters of one body that are put together from pieces in lists, forms and numbered members: more than a prompt has. Honest
   * bodies of many megabytes are lists, too, and need not be judged twice for it.
   */
  scatteredCharsMax: 1024 * 1024,
  /** Strings of one body that become segments, keys included. A 32 MiB body of short strings would otherwise be millions of objects. */
  segmentsMax: 200_000,
  /** Longest JSON pointer of a segment. Names may be megabytes long, and 256 findings repeat their pointers in one answer. */
  pointerCharsMax: 1024,
  /**
   * Body size above which reading and judging move to a worker thread, so that the event loop is not blocked: text made to
   * cost the most (numbers that nearly pass their checks) takes about 10 us a byte.
   */
  inlineBodyBytesMax: 8 * 1024,
  /** Work that judging a small body on the main thread may take, in units of about a nanosecond; one that takes more goes to the worker too. */
  inlineWorkMax: 100_000_000,
  /**
   * Longest time from the start of judging one large body in the worker to its end; over it the thread is ended. Wall
   * time, so far above what any body needs.
   */
  workerJudgeMsMax: 20_000,
  /**
   * Longest time until the worker has loaded a policy; over it the thread is ended, and the next one begins anew. It gives way to
   * all other threads, so that loading takes seconds of its own and many times as long where cores are short.
   */
  workerLoadMsMax: 120_000,
  /**
   * How long a reload waits until the worker has loaded the policy too. Where cores are short, or a large body takes long, it
   * comes into force without: later than this a change of the rules would be late, and only large bodies wait then.
   */
  workerReadyMsMax: 3_000,
  /** Time after which the loading of packs in the worker lets a large body have its turn, which waits for no more than this. */
  workerLoadSliceMs: 10,
  /** How long after a large body the worker gives the memory back that it took: longer than the pauses of a conversation with tools. */
  workerIdleMs: 1_000,
  /** Large bodies that wait for the worker: half of the calls in flight, so that small bodies, which do not wait, find room. */
  workerWaitingMax: 1024,
  /** Bytes of large bodies that wait for the worker: half of the bytes in flight, for the same reason. */
  workerWaitingBytesMax: 128 * 1024 * 1024,
  /** Time that running calls have to end after SIGTERM. Kubernetes kills after 30 s by default. */
  drainMs: 10_000,
  /** Findings kept of one evaluation; more are counted, not listed. */
  findingsMax: 256,
  /** Largest rule pack or configuration file. */
  configFileBytesMax: 4 * 1024 * 1024,
  /** Values of one proxy configuration, aliases multiplied out: a dump of 4 MiB has some 100,000. */
  meshNodesMax: 500_000,
  /** Nesting of a proxy configuration: Envoy's own has about 30 levels, a dump of it some more. */
  meshDepthMax: 100,
  /** Findings told of one proxy configuration: whoever has more mends the first of them and asks again. */
  meshFindingsMax: 1000,
  /** Entries of one list in the configuration. */
  configListItemsMax: 64,
  /** Characters of one text in the configuration: a path is at most 4096 bytes on Linux (PATH_MAX). */
  configTextCharsMax: 4096,
  /** Problems of one file that are reported; a file with more is better mended from the top. */
  problemsMax: 50,
  /** Problems of a refused reload that health tells; the log has them all. */
  toldProblemsMax: 10,
  /** Characters of one problem that health tells: a path, a place and a sentence. */
  toldProblemCharsMax: 500,
  /** How often watched files are compared even when the system reports nothing (ConfigMaps, network file systems). */
  watchPollMs: 3000,
  /** A watched file counts as written when two readings this far apart are equal. */
  watchSettleMs: 150,
  /**
   * Time after which the loading of packs, which takes hundreds of milliseconds, lets requests have their turn. A request
   * passes the event loop about four times, so that it waits for four slices and the steps that they end with.
   */
  loadSliceMs: 1,
  /** Longest pattern of a rule, in characters. */
  patternCharsMax: 4096,
  /**
   * States of a pattern with its repeats written out. Long patterns that people write have some hundreds; each may cost time for
   * every character.
   */
  patternStatesMax: 10_000,
  /** Rules of one pack. The largest public rule sets have a few hundred. */
  packRulesMax: 2000,
  /** Nodes of one pack file once aliases are resolved, so that aliases of aliases cannot multiply. */
  packNodesMax: 200_000,
  /** Characters of one example after its repetition. */
  exampleCharsMax: 1_000_000,
  /** Characters of all literals that are searched for. Their index has two bytes for each, and some twenty for each literal. */
  literalUnitsMax: 500_000,
  /** Matches of all rules that are kept while one evaluation is judged; about 100 bytes each. */
  matchesMax: 1_000_000,
  /** Work that judging one evaluation may take, in units of about a nanosecond (see sidecar/policy/budget.ts). */
  judgeWorkMax: 2_000_000_000,
  /** As much again for each UTF-16 unit of a long text: ordinary prose and code take a third to a half of it, and a tenth of that in nanoseconds. */
  judgeWorkPerUnitMax: 10_000,
  /** The most, for texts of any length. What costs as much as it is taken to cost ends by the clock before that (`workerJudgeMsMax`). */
  judgeWorkTotalMax: 40_000_000_000,
  /** Other readings of one segment (encoded texts in it, texts hidden in it) that are judged each for itself; further ones are judged as one text. */
  viewsMax: 64,
  /** How deep encodings are undone: an attacker may encode twice, and each level costs another pass. */
  viewDepthMax: 3,
  /** Times that a content is masked and judged again: each time costs as much as judging twice; one is nearly always enough. */
  maskRoundsMax: 3,
  /** Texts that are looked for in a whole body because they were found in a text made of several: one search over it each. */
  soughtValuesMax: 64,
  /** Text sent to a classifier, in UTF-16 units: about 4,000 tokens of English, which even small models take. */
  classifierTextCharsMax: 16_384,
  /** Largest answer of a classifier. A chat completion that says yes or no has about 1 KiB, a moderation about 3. */
  classifierAnswerBytesMax: 64 * 1024,
  /** Questions that wait for one classifier; further ones fail at once, instead of all failing late. */
  classifierWaitingMax: 256,
  /** How long an answer is remembered: long enough for retries and repeated histories, short enough for a changed model. */
  classifierCacheMsMax: 10 * 60 * 1000,
  /** Failures in a row after which a classifier is left alone: five time-outs are no accident. */
  classifierFailuresToOpen: 5,
  /** How long a failing classifier is left alone the first time; doubled each further time. */
  classifierOpenMsMin: 1_000,
  /** Longest time that a failing classifier is left alone: after an outage, how late it is found working again. */
  classifierOpenMsMax: 60_000,
  /** Longest time that one question may take, as configured: what waits longer is no guard, and shutdown waits for it. */
  classifierTimeoutMsMax: 10_000,
  /** Classifiers of one configuration. */
  classifiersMax: 16,
  /** Longest secret in a file. Keys of services have about 200 characters, tokens that are JWTs a few thousand. */
  secretCharsMax: 8 * 1024,
  /** Longest sentence for people about one judgement, in characters. */
  messageCharsMax: 500,
  /** How long a TLS handshake may take. One over a slow link takes a second; who sends nothing holds a place this long. */
  tlsHandshakeMsMax: 5_000,
  /**
   * Part of a listener's connections that may be TLS handshakes under way; over it the oldest is cut. So who cannot show a
   * certificate cannot take the places of those who have.
   */
  tlsHandshakesShareMax: 0.25,
  /** Longest URI name of a client that may be allowed: a SPIFFE id is at most this long (SPIFFE-ID, section 2.3). */
  clientIdCharsMax: 2048,
  /** Certificates of one PEM file: chains have four, bundles of public authorities some 150. */
  pemCertificatesMax: 500,
  /** Least time between two log lines about refused TLS peers: anybody can cause them. All are counted. */
  tlsRefusalLogMs: 10_000,
  /** Least time between two log lines about faults of the engine with one cause and place: anybody may find a text that causes them. All are counted. */
  engineFaultLogMs: 10_000,
  /** Least time between two log lines about damage that readers of the log were told of: each asks as often as he likes. All are counted. */
  damageToldLogMs: 10_000,
  /** Longest time that a kill switch or a maintenance window lasts: whoever needs more renews it, and so remembers it. */
  switchMsMax: 60 * 60 * 1000,
  /** How far ahead a maintenance window may begin: longer plans are forgotten by those who made them. */
  maintenanceAheadMsMax: 30 * 24 * 60 * 60 * 1000,
  /** Maintenance windows of one configuration: all that act are named in each record. */
  maintenanceWindowsMax: 16,
  /** Characters of the reason for a switch: one sentence, which is logged and told by health. */
  switchReasonCharsMax: 200,
  /** Switches that are remembered after they were taken out of the configuration. */
  switchNotesMax: 64,
  /** Largest file of what is remembered of switches: a hundred notes of some 300 bytes leave much room. */
  switchNotesBytesMax: 256 * 1024,
  /** How often switches are looked at when no request does: how late the record of a beginning or an end can be. */
  switchTickMs: 1_000,
  /** How often it is noted how long a switch has acted: what a killed process and a clock set back can win together. */
  switchSaveMs: 10_000,
  /** Longest Unix socket path: `sun_path` holds 108 bytes with its end mark (unix(7)). */
  socketPathBytesMax: 107,
} as const;
