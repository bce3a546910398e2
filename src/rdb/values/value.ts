import type { Integer } from '../../bytes/integer.js';

/** A decoded value. Strings are bytes, in stored order; every score and integer is exact. */
export type DecodedValue =
  | StringValue
  | ListValue
  | SetValue
  | ZsetValue
  | HashValue
  | StreamValue
  | ModuleValue
  | ArrayValue
  | OpaqueValue;

export interface StringValue {
  readonly type: 'string';
  readonly value: Uint8Array;
}

export interface ListValue {
  readonly type: 'list';
  /** Head to tail. */
  readonly elements: Uint8Array[];
}

export interface SetValue {
  readonly type: 'set';
  readonly members: Uint8Array[];
}

export interface ZsetValue {
  readonly type: 'zset';
  readonly members: { readonly member: Uint8Array; readonly score: number }[];
}

export interface HashValue {
  readonly type: 'hash';
  readonly fields: HashField[];
}

export interface HashField {
  readonly field: Uint8Array;
  readonly value: Uint8Array;
  /** Absolute expiry of the field, Unix ms; undefined for none. */
  readonly expireAtMs: Integer | undefined;
}

/** A stream id; both halves are unsigned 64-bit. */
export interface StreamId {
  readonly ms: Integer;
  readonly seq: Integer;
}

export interface StreamValue {
  readonly type: 'stream';
  /** Live entries; `fields` alternates names and values, names may repeat. */
  readonly entries: { readonly id: StreamId; readonly fields: Uint8Array[] }[];
  readonly length: Integer;
  readonly lastId: StreamId;
  /** The next three are absent before Redis 7.0. */
  readonly firstId: StreamId | undefined;
  readonly maxDeletedId: StreamId | undefined;
  readonly entriesAdded: Integer | undefined;
  readonly groups: StreamGroup[];
  /** Idempotent producers (Redis 8.6). */
  readonly idempotence: StreamIdempotence | undefined;
}

export interface StreamGroup {
  readonly name: Uint8Array;
  readonly lastId: StreamId;
  /** Undefined where it is unknown or from before Redis 7.0. */
  readonly entriesRead: Integer | undefined;
  readonly pending: {
    readonly id: StreamId;
    /** Undefined for an entry that nobody holds (NACKed, Redis 8.8). */
    readonly consumer: Uint8Array | undefined;
    readonly deliveredAtMs: Integer;
    readonly deliveries: Integer;
  }[];
  readonly consumers: {
    readonly name: Uint8Array;
    readonly seenAtMs: Integer;
    /** Undefined before Redis 7.2; -1 for never. */
    readonly activeAtMs: Integer | undefined;
  }[];
}

export interface StreamIdempotence {
  readonly durationSeconds: Integer;
  readonly maxSize: Integer;
  readonly producers: {
    readonly id: Uint8Array;
    readonly entries: { readonly iid: Uint8Array; readonly id: StreamId }[];
  }[];
  readonly added: Integer;
  readonly duplicates: Integer;
}

export interface ModuleValue {
  readonly type: 'module';
  /** Nine characters, e.g. `ReJSON-RL`. */
  readonly module: string;
  readonly version: number;
  readonly items: ModuleItem[];
}

export type ModuleItem =
  | { readonly kind: 'signed' | 'unsigned'; readonly value: Integer }
  | { readonly kind: 'float' | 'double'; readonly value: number }
  | { readonly kind: 'string'; readonly value: Uint8Array };

export interface ArrayValue {
  readonly type: 'array';
  readonly insertIndex: Integer | undefined;
  readonly items: { readonly index: Integer; readonly value: Uint8Array }[];
}

/** A value of a type that can be passed on but not looked into. */
export interface OpaqueValue {
  readonly type: 'opaque';
  readonly code: number;
  readonly payload: Uint8Array;
}
