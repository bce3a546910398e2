import type { Dialect } from './types.js';

/** Opcodes that stand where a type byte may stand (rdb.h of Redis and Valkey). */
export const Opcode = {
  eof: 255,
  selectDb: 254,
  expireSeconds: 253,
  expireMs: 252,
  resizeDb: 251,
  aux: 250,
  frequency: 249,
  idle: 248,
  moduleAux: 247,
  functionPreGa: 246,
  function: 245,
  slotInfo: 244,
  /** KEY_META in Redis, SLOT_IMPORT in Valkey. */
  keyMetadata: 243,
  slotImport: 243,
  /** HASH_TEMPLATE in Redis, UPDATE in Valkey. */
  hashTemplate: 242,
  update: 242,
  /** Redis Enterprise: SLOT_NUM and RAM_LRU. */
  enterpriseSlot: 121,
  enterpriseLru: 107,
} as const;

/** Opcodes that are known by name but not read, by dialect. */
export function unreadableOpcode(dialect: Dialect, opcode: number): string | undefined {
  if (dialect === 'dragonfly') return DRAGONFLY[opcode];
  return opcode === 6 ? 'module value of the 4.0 release candidates, which has no length' : undefined;
}

const DRAGONFLY: Readonly<Record<number, string>> = {
  34: 'Dragonfly bloom filter in chunks',
  35: 'Dragonfly count-min sketch',
  36: 'Dragonfly top-k',
  37: 'Dragonfly cuckoo filter',
  200: 'Dragonfly full-sync end',
  201: 'Dragonfly zstd-compressed piece',
  202: 'Dragonfly LZ4-compressed piece',
  203: 'Dragonfly end of compressed piece',
  210: 'Dragonfly journal blob',
  211: 'Dragonfly journal offset',
  220: 'Dragonfly key flags',
  222: 'Dragonfly search index',
  223: 'Dragonfly search index',
  224: 'Dragonfly tagged chunk',
};
