import { RdbkitError } from '../errors.js';
import type { EncodedValue } from '../rdb/encode/encoded-value.js';
import type { ValueEncoder } from '../rdb/encode/value-encoder.js';
import { parseModuleId } from '../rdb/module-id.js';
import { allTypes, type ValueType } from '../rdb/types.js';
import type { FieldExpiries } from './jsonl-expiries.js';
import type { LineFields } from './jsonl-fields.js';
import { moduleType } from './jsonl-others.js';
import type { PayloadReader } from './jsonl-payload.js';
import { readStream } from './jsonl-stream.js';
import { Json } from './jsonl-tokens.js';

/** What the readers of values read from and write to. */
export interface ValueContext {
  readonly fields: LineFields;
  readonly encoder: ValueEncoder;
  readonly payloads: PayloadReader;
  /** How the value was stored, where the record says it: it is stored so again if that is possible. */
  readonly encoding: string | undefined;
  /** The expiries of the hash's fields; undefined when it has none. */
  readonly expiries: FieldExpiries | undefined;
}

/** Reads a value whose first token is the current one. */
type ValueReading = (context: ValueContext) => Generator<void, EncodedValue>;

const readings: ReadonlyMap<string, ValueReading> = new Map<string, ValueReading>([
  ['string', readString],
  ['list', ({ fields, encoder, encoding }) => readStrings(fields, encoder.list(encoding))],
  ['set', ({ fields, encoder, encoding }) => readStrings(fields, encoder.set(encoding))],
  ['zset', readZset],
  ['hash', readHash],
  ['stream', readStream],
  ['array', readArray],
  ['module', readModule],
]);

const UNKNOWN = /^unknown:(\d{1,3})$/;

/**
 * Reads the value whose first token is the current one, of the type that the record says.
 * @param member `value`, or `payload` for a type that has no other form
 * @throws RdbkitError INPUT_UNSUPPORTED for a type that is not known
 */
export function* readValue(
  member: 'value' | 'payload',
  type: string,
  context: ValueContext,
): Generator<void, EncodedValue> {
  const { fields, payloads, encoding } = context;
  const code = UNKNOWN.exec(type)?.[1];
  const reading = readings.get(type);
  if (code === undefined && reading === undefined) {
    throw new RdbkitError('INPUT_UNSUPPORTED', 'the type of the value is not known');
  }
  if ((code === undefined) !== (member === 'value')) {
    throw fields.wrong(`a value of this type stands in "${code === undefined ? 'value' : 'payload'}"`);
  }
  if (reading !== undefined) return yield* reading(context);
  return yield* payloads.read(fields, opaqueType(Number(code), encoding));
}

function opaqueType(code: number, encoding: string | undefined): ValueType {
  const type = allTypes().find(
    (row) =>
      row.code === code && row.family === 'opaque' && (encoding === undefined || row.encoding === encoding),
  );
  if (type === undefined) throw new RdbkitError('INPUT_UNSUPPORTED', 'the type of the value is not known');
  return type;
}

function* readString({ fields, encoder }: ValueContext): Generator<void, EncodedValue> {
  const builder = encoder.string();
  fields.requireString();
  if (!fields.add(builder)) yield* fields.addLong(builder);
  return builder.end();
}

function* readStrings(
  fields: LineFields,
  builder: ReturnType<ValueEncoder['list' | 'set']>,
): Generator<void, EncodedValue> {
  fields.requireArray();
  while (fields.nextElement()) {
    fields.requireString();
    if (!fields.add(builder)) yield* fields.addLong(builder);
    if (fields.tokens.isDue) yield* fields.tokens.turn();
  }
  return builder.end();
}

function* readZset({ fields, encoder, encoding }: ValueContext): Generator<void, EncodedValue> {
  const builder = encoder.zset(encoding);
  fields.requireArray();
  while (fields.nextElement()) {
    fields.requireArray();
    fields.nextString();
    if (!fields.add(builder)) yield* fields.addLong(builder);
    builder.score(fields.nextScore());
    fields.endArray();
    if (fields.tokens.isDue) yield* fields.tokens.turn();
  }
  return builder.end();
}

function* readHash({ fields, encoder, encoding, expiries }: ValueContext): Generator<void, EncodedValue> {
  const builder = encoder.hash(encoding);
  fields.requireObject();
  while (fields.nextMember()) {
    let name: string | undefined;
    if (expiries !== undefined) {
      name = fields.heldText(EXPIRING);
      builder.add(fields.bytesOf(name, EXPIRING));
    } else if (!fields.add(builder)) {
      yield* fields.addLong(builder);
    }
    fields.nextString();
    if (!fields.add(builder)) yield* fields.addLong(builder);
    const expireAtMs = name === undefined ? undefined : expiries?.take(name);
    if (expireAtMs !== undefined) builder.expireAt(expireAtMs);
    if (fields.tokens.isDue) yield* fields.tokens.turn();
  }
  expiries?.end();
  return builder.end();
}

const EXPIRING = 'a field name of a hash whose fields expire';

function* readArray({ fields, encoder }: ValueContext): Generator<void, EncodedValue> {
  const builder = encoder.array();
  const names = new Set<string>();
  fields.requireObject();
  while (fields.nextMember()) {
    const name = fields.uniqueName(names);
    if (name === 'insertIndex') {
      builder.insertIndex(fields.nextUnsigned());
      continue;
    }
    if (name !== 'items') throw fields.unknownMember(name);
    fields.expect(Json.beginArray, 'an array');
    while (fields.nextElement()) {
      fields.requireArray();
      builder.index(fields.nextUnsigned());
      fields.nextString();
      if (!fields.add(builder)) yield* fields.addLong(builder);
      fields.endArray();
      if (fields.tokens.isDue) yield* fields.tokens.turn();
    }
  }
  fields.requireMembers(names, 'items');
  return builder.end();
}

/** The payload is the value; `decoded` says the same once more, for readers. */
function* readModule({ fields, payloads }: ValueContext): Generator<void, EncodedValue> {
  const type = moduleType();
  const names = new Set<string>();
  let module: string | undefined;
  let version: number | undefined;
  let value: EncodedValue | undefined;
  fields.requireObject();
  while (fields.nextMember()) {
    const name = fields.uniqueName(names);
    switch (name) {
      case 'module':
        module = fields.nextWord();
        break;
      case 'version':
        version = fields.nextUpTo(1023);
        break;
      case 'payload':
        fields.next();
        value = yield* payloads.read(fields, type);
        break;
      case 'decoded':
        fields.next();
        yield* fields.tokens.skip(fields.token);
        break;
      default:
        throw fields.unknownMember(name);
    }
  }
  fields.requireMembers(names, 'payload');
  const id = parseModuleId(payloads.id);
  if ((module ?? id.name) !== id.name || (version ?? id.version) !== id.version) {
    throw fields.wrong('the payload is of another module or version than the record says');
  }
  return value as EncodedValue;
}
