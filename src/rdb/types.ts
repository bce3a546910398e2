import {
  choice,
  compile,
  count,
  double,
  float,
  id,
  int64,
  length,
  nameBlob,
  type Program,
  packed,
  Role,
  repeat,
  string,
  templateId,
  textDouble,
  times,
  until,
} from './grammar.js';

/**
 * THE registry of value types: one row a type byte. Nothing else in rdbkit branches on the byte.
 * Numbers and names follow rdb.h of Redis and Valkey.
 */

export type Family = 'string' | 'list' | 'set' | 'zset' | 'hash' | 'stream' | 'module' | 'array' | 'opaque';

/** Whose numbering a file follows; they reuse each other's numbers. */
export type Dialect = 'redis' | 'valkey' | 'dragonfly';

export interface ValueType {
  readonly code: number;
  readonly family: Family;
  /** How the value is stored, unique within its family. */
  readonly encoding: string;
  /** `family-encoding`, for messages. */
  readonly name: string;
  readonly program: Program;
  /** True when the value is one string and nothing else. */
  readonly isString: boolean;
  /** Lowest RDB version whose Redis reads the type; absent when no Redis does. */
  readonly redis: number | undefined;
  /** Redis versions in which the number has this meaning, where it was given a new one. */
  readonly meant: { readonly from?: number; readonly until?: number } | undefined;
  /** Lowest RDB version whose Valkey reads the type; absent when no Valkey does. */
  readonly valkey: number | undefined;
  /** Set for a type that only this fork of Redis writes. */
  readonly only: 'keydb' | 'dragonfly' | undefined;
  /** True when only a file can hold it, not a DUMP payload: it refers to a record of the file. */
  readonly fileOnly: boolean;
}

interface Row
  extends Pick<ValueType, 'code' | 'family' | 'encoding'>,
    Partial<Pick<ValueType, 'redis' | 'valkey' | 'only' | 'meant' | 'fileOnly'>> {
  readonly layout: Parameters<typeof compile>[0];
}

const both = (version: number) => ({ redis: version, valkey: version }) as const;

const moduleItems = until(Role.moduleItem, {
  1: [length(Role.moduleItem)],
  2: [length(Role.moduleItem)],
  3: [float(Role.moduleItem)],
  4: [double(Role.moduleItem)],
  5: [string(Role.moduleItem)],
});

/** The opcode stream of module values, of module aux and of key metadata. */
export const moduleProgram = compile([moduleItems]);

const streamNodes = [
  repeat(Role.none, string(Role.streamNodeId), packed('stream-listpack')),
  length(Role.streamLength),
  length(Role.streamLastMs),
  length(Role.streamLastSeq),
];
const streamLimits = [
  length(Role.streamFirstMs),
  length(Role.streamFirstSeq),
  length(Role.streamMaxDeletedMs),
  length(Role.streamMaxDeletedSeq),
  length(Role.streamEntriesAdded),
];
const idmp = [
  length(Role.idmpDuration),
  length(Role.idmpMaxSize),
  repeat(
    Role.idmpProducers,
    string(Role.producerId),
    repeat(Role.producerEntries, string(Role.producerIid), length(Role.producerMs), length(Role.producerSeq)),
  ),
  length(Role.idmpAdded),
  length(Role.idmpDuplicates),
];

/** Stream layouts grow with each revision: 1 in Redis 5.0, 2 in 7.0, 3 in 7.2, 4 in 8.6, 5 in 8.8. */
function stream(revision: 1 | 2 | 3 | 4 | 5): Row['layout'] {
  const group = [
    string(Role.groupName),
    length(Role.groupLastMs),
    length(Role.groupLastSeq),
    ...(revision >= 2 ? [length(Role.groupEntriesRead)] : []),
    repeat(
      Role.groupPending,
      id(Role.pendingId),
      int64(Role.pendingDeliveredAt),
      length(Role.pendingDeliveries),
    ),
    repeat(
      Role.groupConsumers,
      string(Role.consumerName),
      int64(Role.consumerSeenAt),
      ...(revision >= 3 ? [int64(Role.consumerActiveAt)] : []),
      repeat(Role.consumerPending, id(Role.consumerPendingId)),
    ),
    ...(revision >= 5 ? [repeat(Role.groupNacked, id(Role.nackedId))] : []),
  ];
  return [
    ...streamNodes,
    ...(revision >= 2 ? streamLimits : []),
    repeat(Role.streamGroups, ...group),
    ...(revision >= 4 ? idmp : []),
  ];
}

/** The field names of a template hash in its DUMP form (Redis 8.10). */
const fieldNames = choice(Role.none, {
  0: [nameBlob],
  1: [count, times(string(Role.templateName))],
});

const { none, text, element, member, score, field, value } = Role;

const rows: readonly Row[] = [
  { code: 0, family: 'string', encoding: 'string', ...both(1), layout: [string(text)] },
  { code: 1, family: 'list', encoding: 'linkedlist', ...both(1), layout: [repeat(none, string(element))] },
  { code: 2, family: 'set', encoding: 'hashtable', ...both(1), layout: [repeat(none, string(element))] },
  {
    code: 3,
    family: 'zset',
    encoding: 'skiplist',
    ...both(1),
    layout: [repeat(none, string(member), textDouble(score))],
  },
  {
    code: 4,
    family: 'hash',
    encoding: 'hashtable',
    ...both(1),
    layout: [repeat(none, string(field), string(value))],
  },
  {
    code: 5,
    family: 'zset',
    encoding: 'skiplist-2',
    ...both(8),
    layout: [repeat(none, string(member), double(score))],
  },
  {
    code: 7,
    family: 'module',
    encoding: 'module-2',
    ...both(8),
    layout: [length(Role.moduleId), moduleItems],
  },
  { code: 9, family: 'hash', encoding: 'zipmap', ...both(2), layout: [packed('zipmap', field, value)] },
  { code: 10, family: 'list', encoding: 'ziplist', ...both(2), layout: [packed('ziplist', element)] },
  { code: 11, family: 'set', encoding: 'intset', ...both(2), layout: [packed('intset', element)] },
  { code: 12, family: 'zset', encoding: 'ziplist', ...both(2), layout: [packed('ziplist', member, score)] },
  { code: 13, family: 'hash', encoding: 'ziplist', ...both(4), layout: [packed('ziplist', field, value)] },
  {
    code: 14,
    family: 'list',
    encoding: 'quicklist',
    ...both(7),
    layout: [repeat(none, packed('ziplist', element))],
  },
  { code: 15, family: 'stream', encoding: 'listpacks', ...both(9), layout: stream(1) },
  { code: 16, family: 'hash', encoding: 'listpack', ...both(10), layout: [packed('listpack', field, value)] },
  {
    code: 17,
    family: 'zset',
    encoding: 'listpack',
    ...both(10),
    layout: [packed('listpack', member, score)],
  },
  {
    code: 18,
    family: 'list',
    encoding: 'quicklist-2',
    ...both(10),
    layout: [repeat(none, choice(none, { 1: [string(element)], 2: [packed('listpack', element)] }))],
  },
  { code: 19, family: 'stream', encoding: 'listpacks-2', ...both(10), layout: stream(2) },
  { code: 20, family: 'set', encoding: 'listpack', ...both(11), layout: [packed('listpack', element)] },
  { code: 21, family: 'stream', encoding: 'listpacks-3', ...both(11), layout: stream(3) },
  {
    code: 22,
    family: 'hash',
    encoding: 'metadata-pre-ga',
    redis: 12,
    layout: [repeat(none, length(Role.expiryOrZero), string(field), string(value))],
  },
  {
    code: 22,
    family: 'hash',
    encoding: 'hashtable-2',
    valkey: 80,
    layout: [repeat(none, string(field), string(value), int64(Role.expiryOrMinusOne))],
  },
  {
    code: 23,
    family: 'hash',
    encoding: 'listpack-ex-pre-ga',
    redis: 12,
    layout: [packed('listpack', field, value, Role.expiryOrZero)],
  },
  {
    code: 23,
    family: 'opaque',
    encoding: 'path-hash',
    valkey: 81,
    layout: [repeat(none, string(none), repeat(none, string(none), string(none)))],
  },
  {
    code: 24,
    family: 'hash',
    encoding: 'metadata',
    redis: 12,
    layout: [int64(Role.minExpiry), repeat(none, length(Role.expiryAfterMin), string(field), string(value))],
  },
  {
    code: 25,
    family: 'hash',
    encoding: 'listpack-ex',
    redis: 12,
    layout: [int64(Role.minExpiry), packed('listpack', field, value, Role.expiryOrZero)],
  },
  { code: 26, family: 'stream', encoding: 'listpacks-4', redis: 13, layout: stream(4) },
  { code: 27, family: 'stream', encoding: 'listpacks-5', redis: 14, layout: stream(5) },
  {
    code: 28,
    family: 'array',
    encoding: 'array',
    redis: 14,
    layout: [
      count,
      choice(none, { 0: [], 1: [length(Role.arrayInsertIndex)] }),
      times(
        length(Role.arrayIndex),
        choice(none, { 0: [string(value)], 1: [int64(value)], 2: [double(value)], 3: [string(value)] }),
      ),
    ],
  },
  { code: 29, family: 'opaque', encoding: 'gcra', redis: 14, meant: { until: 14 }, layout: [length(none)] },
  {
    code: 29,
    family: 'hash',
    encoding: 'template-listpack',
    redis: 15,
    meant: { from: 15 },
    layout: [fieldNames, packed('listpack', Role.templateSlot, Role.templateValue)],
  },
  {
    code: 30,
    family: 'hash',
    encoding: 'template-listpack-ref',
    redis: 15,
    fileOnly: true,
    layout: [packed('listpack', Role.templateSlot, Role.templateValue)],
  },
  {
    code: 31,
    family: 'hash',
    encoding: 'template-array',
    redis: 15,
    layout: [fieldNames, times(string(Role.templateValue))],
  },
  {
    code: 32,
    family: 'hash',
    encoding: 'template-array-ref',
    redis: 15,
    fileOnly: true,
    layout: [templateId, times(string(Role.templateValue))],
  },
  { code: 33, family: 'opaque', encoding: 'gcra', redis: 15, layout: [length(none)] },
  {
    code: 64,
    family: 'opaque',
    encoding: 'keydb-cron',
    only: 'keydb',
    layout: [string(none), int64(none), int64(none), repeat(none, string(none)), repeat(none, string(none))],
  },
  { code: 30, family: 'opaque', encoding: 'dragonfly-json', only: 'dragonfly', layout: [string(none)] },
  {
    code: 31,
    family: 'opaque',
    encoding: 'dragonfly-hash-expiry',
    only: 'dragonfly',
    layout: [repeat(none, string(none), string(none), string(none))],
  },
  {
    code: 32,
    family: 'opaque',
    encoding: 'dragonfly-set-expiry',
    only: 'dragonfly',
    layout: [repeat(none, string(none), string(none))],
  },
  {
    code: 33,
    family: 'opaque',
    encoding: 'dragonfly-bloom',
    only: 'dragonfly',
    layout: [
      length(none),
      double(none),
      double(none),
      length(none),
      length(none),
      length(none),
      repeat(none, length(none), string(none)),
    ],
  },
];

/** All rows get their properties in one order, so that V8 sees one kind of object. */
const types: readonly ValueType[] = rows.map((row) => ({
  code: row.code,
  family: row.family,
  encoding: row.encoding,
  name: row.family === row.encoding ? row.family : `${row.family}-${row.encoding}`,
  program: compile(row.layout),
  isString: row.layout.length === 1 && ['string', 'packed'].includes(row.layout[0]?.op ?? ''),
  redis: row.redis,
  valkey: row.valkey,
  only: row.only,
  meant: row.meant,
  fileOnly: row.fileOnly === true,
}));

/** Types by their byte, for files of one dialect and version. */
export type TypeTable = readonly (ValueType | undefined)[];

/**
 * The types that a file may hold. The version only decides what a number means that was used
 * twice: servers do not hold the types of a file against its version either.
 */
export function typeTable(dialect: Dialect, version: number): TypeTable {
  const table = new Array<ValueType | undefined>(256).fill(undefined);
  for (const type of types) if (belongs(type, dialect, version)) table[type.code] = type;
  return table;
}

function belongs(type: ValueType, dialect: Dialect, version: number): boolean {
  switch (dialect) {
    case 'valkey':
      return type.valkey !== undefined;
    case 'dragonfly':
      return type.only === 'dragonfly' || (type.redis !== undefined && type.redis <= 11);
    case 'redis':
      if (type.only === 'keydb') return true;
      if (type.redis === undefined) return false;
      return version >= (type.meant?.from ?? 0) && version <= (type.meant?.until ?? version);
  }
}

/** Stands where no type was read yet. */
export const NO_TYPE: ValueType = {
  code: -1,
  family: 'opaque',
  encoding: 'none',
  name: 'none',
  program: compile([]),
  isString: false,
  redis: undefined,
  valkey: undefined,
  only: undefined,
  meant: undefined,
  fileOnly: false,
};

/** Every row of the registry, for tests and documentation. */
export function allTypes(): readonly ValueType[] {
  return types;
}
