/**
 * The layouts of values as data. A layout is written as nested items, compiled once to a flat
 * program, and run by two machines: the extent walker, which only finds where a value ends, and
 * the value cursor, which hands out what it reads.
 */

/** What a piece of a value means to those who decode it. */
export const Role = {
  none: 0,
  /** The value of a string key. */
  text: 1,
  element: 2,
  member: 3,
  score: 4,
  field: 5,
  value: 6,
  /** Smallest field expiry of a hash, absolute ms; others are relative to it. */
  minExpiry: 7,
  /** Field expiry: absolute ms, 0 stands for none. */
  expiryOrZero: 8,
  /** Field expiry: ms after `minExpiry` plus 1, 0 stands for none. */
  expiryAfterMin: 9,
  /** Field expiry: absolute ms, -1 stands for none. */
  expiryOrMinusOne: 10,
  /** Field expiry as the cursor reports it, whatever the layout: absolute ms, or none. */
  fieldExpiry: 11,
  arrayInsertIndex: 12,
  arrayIndex: 13,
  moduleId: 14,
  moduleItem: 15,
  /** A field name of a template. */
  templateName: 16,
  /** The first entry of a template hash's listpack: the template's id. */
  templateSlot: 17,
  /** The value of the template's next field. */
  templateValue: 18,
  streamNodeId: 20,
  streamLength: 21,
  streamLastMs: 22,
  streamLastSeq: 23,
  streamFirstMs: 24,
  streamFirstSeq: 25,
  streamMaxDeletedMs: 26,
  streamMaxDeletedSeq: 27,
  streamEntriesAdded: 28,
  streamGroups: 29,
  groupName: 30,
  groupLastMs: 31,
  groupLastSeq: 32,
  groupEntriesRead: 33,
  groupPending: 34,
  pendingId: 35,
  pendingDeliveredAt: 36,
  pendingDeliveries: 37,
  groupConsumers: 38,
  consumerName: 39,
  consumerSeenAt: 40,
  consumerActiveAt: 41,
  consumerPending: 42,
  consumerPendingId: 43,
  groupNacked: 44,
  nackedId: 45,
  idmpDuration: 46,
  idmpMaxSize: 47,
  idmpProducers: 48,
  producerId: 49,
  producerEntries: 50,
  producerIid: 51,
  producerMs: 52,
  producerSeq: 53,
  idmpAdded: 54,
  idmpDuplicates: 55,
  /** An entry of a stream node, with its id. */
  streamEntry: 56,
} as const;
export type Role = (typeof Role)[keyof typeof Role];

type PackedEncoding = 'intset' | 'zipmap' | 'ziplist' | 'listpack' | 'stream-listpack';

/** A string that holds a packed blob, whose entries have these roles in turn. */
export interface PackedLayout {
  readonly encoding: PackedEncoding;
  readonly roles: readonly Role[];
}

type Item =
  | {
      readonly op: 'string' | 'length' | 'double' | 'int64' | 'textDouble' | 'id' | 'float';
      readonly role: Role;
    }
  | { readonly op: 'packed'; readonly layout: PackedLayout }
  | { readonly op: 'repeat'; readonly role: Role; readonly body: readonly Item[] }
  | { readonly op: 'choice'; readonly role: Role; readonly cases: Readonly<Record<number, readonly Item[]>> }
  | { readonly op: 'until'; readonly role: Role; readonly cases: Readonly<Record<number, readonly Item[]>> }
  | { readonly op: 'count' | 'nameBlob' | 'templateId' }
  | { readonly op: 'times'; readonly body: readonly Item[] };

/** An RDB string. */
export const string = (role: Role): Item => ({ op: 'string', role });
/** An RDB length: an unsigned integer of up to 64 bits. */
export const length = (role: Role): Item => ({ op: 'length', role });
/** IEEE double, 8 bytes little-endian. */
export const double = (role: Role): Item => ({ op: 'double', role });
/** IEEE float, 4 bytes little-endian. */
export const float = (role: Role): Item => ({ op: 'float', role });
/** Signed integer, 8 bytes little-endian. */
export const int64 = (role: Role): Item => ({ op: 'int64', role });
/** A double in decimal behind one length byte; 253, 254 and 255 stand for nan, inf and -inf. */
export const textDouble = (role: Role): Item => ({ op: 'textDouble', role });
/** A stream id, 16 bytes big-endian without a length. */
export const id = (role: Role): Item => ({ op: 'id', role });
/** An RDB string that holds a packed blob. */
export const packed = (encoding: PackedEncoding, ...roles: Role[]): Item => ({
  op: 'packed',
  layout: { encoding, roles },
});
/** A length n, then the body n times. */
export const repeat = (role: Role, ...body: Item[]): Item => ({ op: 'repeat', role, body });
/** A length that says which of the bodies follows. */
export const choice = (role: Role, cases: Readonly<Record<number, readonly Item[]>>): Item => ({
  op: 'choice',
  role,
  cases,
});
/** Choices one after another until a length of 0. */
export const until = (role: Role, cases: Readonly<Record<number, readonly Item[]>>): Item => ({
  op: 'until',
  role,
  cases,
});
/** A length that `times` will use. */
export const count: Item = { op: 'count' };
/** An RDB string that holds a listpack of a template's field names; `times` will use their number. */
export const nameBlob: Item = { op: 'nameBlob' };
/** The id of a template that the file has declared before. */
export const templateId: Item = { op: 'templateId' };
/** The body as often as `count` said, or as there are names in `nameBlob` or the template. */
export const times = (...body: Item[]): Item => ({ op: 'times', body });

/** Instruction codes; every instruction is `[op, role, argument]`. */
export const Op = {
  end: 0,
  string: 1,
  /** Argument: index into `Program.layouts`. */
  packed: 2,
  length: 3,
  double: 4,
  int64: 5,
  float: 6,
  id: 7,
  textDouble: 8,
  /** Argument: where to go on when the count is 0; its body follows. */
  repeat: 9,
  /** Argument: where the body begins. */
  next: 10,
  /** Argument: index into `Program.jumps`. */
  choice: 11,
  /** Argument: where to go on. */
  jump: 12,
  count: 13,
  nameBlob: 14,
  templateId: 15,
  /** As `repeat`, with the number that `count`, `nameBlob` or `templateId` left. */
  times: 16,
} as const;

export const INSTRUCTION = 3;

export interface Program {
  readonly code: Int32Array;
  readonly layouts: readonly PackedLayout[];
  /** For every choice, where each value of its length leads. */
  readonly jumps: readonly ReadonlyMap<number, number>[];
}

/** Compiles a layout to the program that both machines run. */
export function compile(items: readonly Item[]): Program {
  const code: number[] = [];
  const layouts: PackedLayout[] = [];
  const jumps: Map<number, number>[] = [];

  const put = (op: number, role: Role = Role.none, argument = 0): number => code.push(op, role, argument) - 1;

  const loop = (op: number, role: Role, body: readonly Item[]): void => {
    const skip = put(op, role);
    const start = code.length;
    putAll(body);
    put(Op.next, Role.none, start);
    code[skip] = code.length;
  };

  const branches = (role: Role, cases: Readonly<Record<number, readonly Item[]>>): number[] => {
    const targets = new Map<number, number>();
    put(Op.choice, role, jumps.push(targets) - 1);
    const exits: number[] = [];
    for (const [value, body] of Object.entries(cases)) {
      targets.set(Number(value), code.length);
      putAll(body);
      exits.push(put(Op.jump));
    }
    return exits;
  };

  const putItem = (item: Item): void => {
    switch (item.op) {
      case 'packed':
        put(Op.packed, Role.none, layouts.push(item.layout) - 1);
        break;
      case 'repeat':
        loop(Op.repeat, item.role, item.body);
        break;
      case 'times':
        loop(Op.times, Role.none, item.body);
        break;
      case 'choice':
        for (const exit of branches(item.role, item.cases)) code[exit] = code.length;
        break;
      case 'until': {
        const start = code.length;
        const table = jumps.length;
        for (const exit of branches(item.role, item.cases)) code[exit] = start;
        (jumps[table] as Map<number, number>).set(0, code.length);
        break;
      }
      case 'count':
      case 'nameBlob':
      case 'templateId':
        put(Op[item.op]);
        break;
      default:
        put(Op[item.op], item.role);
    }
  };

  const putAll = (list: readonly Item[]): void => {
    for (const item of list) putItem(item);
  };

  putAll(items);
  put(Op.end);
  return { code: Int32Array.from(code), layouts, jumps };
}
