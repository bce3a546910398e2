import { parseModuleId } from '../rdb/module-id.js';
import type { Family } from '../rdb/types.js';
import { valueTypeOf } from '../rdb/values/decode.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { KeyHead } from '../record.js';
import { writeArray, writeHash, writeList, writeModule, writeSet, writeZset } from './human-elements.js';
import { HumanPage } from './human-page.js';
import { type Palette, painted, plainPalette } from './human-palette.js';
import { writeStream } from './human-stream.js';
import { type Survey, survey } from './human-survey.js';
import { lineText } from './human-text.js';
import { countText, expiryText, momentText, spanText } from './human-time.js';
import type { RecordFormat } from './record-format.js';
import { REDIS_JSON, RedisJson } from './redis-json.js';

export interface HumanOptions {
  readonly palette?: Palette;
  /** Unix ms from which expiries are seen. */
  readonly nowMs?: () => number;
}

/** What the elements of a type are called. */
const ELEMENTS: Readonly<Partial<Record<Family, string>>> = {
  list: 'elements',
  set: 'members',
  zset: 'members',
  hash: 'fields',
  stream: 'entries',
  module: 'items',
  array: 'elements',
};

/**
 * Each key for a person: what is known about it, then its value, everything of it, aligned. Text
 * stands as it is; what a terminal cannot show, or would obey, is quoted and escaped as redis-cli
 * does. Values of any size pass in bounded memory.
 */
export function humanFormat(options: HumanOptions = {}): RecordFormat {
  const { palette = plainPalette, nowMs = Date.now } = options;
  let page: HumanPage | undefined;
  let isFirst = true;
  return {
    name: 'human',
    key(head, value, out) {
      page ??= new HumanPage(palette, nowMs, out);
      const found = survey(value, page.strings);
      if (!isFirst) page.say('\n');
      writeFacts(page, head, value, found);
      page.say('\n');
      value.open();
      writeValue(page, head, value, found);
      isFirst = false;
    },
  };
}

function writeFacts(page: HumanPage, head: KeyHead, value: ValueReader, found: Survey): void {
  const { palette } = page;
  const { db, type, expireAtMs, idleSeconds, frequency, metadata } = head;
  const { family, encoding } = valueTypeOf(type);
  page.fact('key', painted(palette, 'key', lineText(head.key, Number.POSITIVE_INFINITY)));
  page.fact('database', String(db));
  const stored = encoding === family ? '' : ` ${painted(palette, 'aside', `(${encoding})`)}`;
  page.fact('type', `${painted(palette, 'name', family)}${stored}`);
  page.fact('expiry', expireAtMs === undefined ? 'none' : expiryFact(page, expireAtMs));
  if (idleSeconds !== undefined) {
    page.fact('accessed', `${spanText(1000 * Number(idleSeconds))} before the dump`);
  }
  if (frequency !== undefined) page.fact('frequency', `${frequency} of 255`);
  if (metadata !== undefined) page.fact('metadata', `${countText(metadata.length)} bytes of a module`);
  page.fact('size', `${countText(value.size)} bytes serialized`);
  if (family === 'module') {
    const { name, version } = parseModuleId(found.moduleId);
    page.fact('module', `${painted(palette, 'name', name)}, encoding version ${version}`);
  }
  const elements = ELEMENTS[family];
  if (elements !== undefined) page.fact(elements, countText(found.elements));
}

function expiryFact(page: HumanPage, expireAtMs: NonNullable<KeyHead['expireAtMs']>): string {
  const now = page.nowMs();
  const distance = expiryText(expireAtMs, now);
  return `${momentText(expireAtMs)}, ${expireAtMs <= now ? painted(page.palette, 'fault', distance) : distance}`;
}

function writeValue(page: HumanPage, head: KeyHead, value: ValueReader, found: Survey): void {
  switch (valueTypeOf(head.type).family) {
    case 'string':
      writeString(page, value);
      break;
    case 'list':
      writeList(page, value, found);
      break;
    case 'set':
      writeSet(page, value);
      break;
    case 'zset':
      writeZset(page, value, found);
      break;
    case 'hash':
      writeHash(page, value, found);
      break;
    case 'stream':
      writeStream(page, value, found);
      break;
    case 'module':
      if (writeDocument(page, value, found)) break;
      value.open();
      writeModule(page, value);
      break;
    case 'array':
      writeArray(page, value, found);
      break;
    case 'opaque':
      page.paint('aside', 'A value of this type can be copied, but not looked into.');
      page.endLine();
      break;
  }
}

/** The survey has seen this string last, so that its scan still says what it is. */
function writeString(page: HumanPage, value: ValueReader): void {
  const { isText, isEmpty } = page.strings.scan;
  page.strings.putText(value, value.next(), page.out, isText && !isEmpty);
  page.endLine();
}

/** A document of RedisJSON as JSON; false, with nothing written, for what is none that we know. */
function writeDocument(page: HumanPage, value: ValueReader, { moduleId }: Survey): boolean {
  const { name, version } = parseModuleId(moduleId);
  if (name !== REDIS_JSON || value.size > MAX_DOCUMENT) return false;
  const { out, strings } = page;
  const { at, mayFlush } = out;
  out.mayFlush = false;
  let isShown = new RedisJson().put(out, value, version);
  if (isShown) {
    strings.scan.begin();
    strings.scan.add(out.bytes, at, out.at);
    isShown = strings.scan.isText;
  }
  if (!isShown) out.at = at;
  out.mayFlush = mayFlush;
  if (isShown) page.endLine();
  return isShown;
}

/** Documents are held until it is seen that they can be shown; larger ones come as they are stored. */
const MAX_DOCUMENT = 16 * 1024 * 1024;
