// The public API. First what users need, then what those need who build on the parts.

export { Account, type Reject, type Tally, type Totals } from './account.js';
export { latin1Bytes, latin1Text, utf8Bytes } from './bytes/ascii.js';
export { ByteSet } from './bytes/byte-set.js';
export { printable, unquote } from './bytes/escape.js';
export type { Integer } from './bytes/integer.js';
export { type JsonText, jsonText } from './bytes/text.js';
export { keySlot } from './codec/crc16.js';
export { Crc64 } from './codec/crc64.js';
export { exitCodeOf, RdbkitError, type RdbkitErrorCode, type RdbkitErrorDetails } from './errors.js';
export { type AnySource, type AnySourceOptions, anyFile, anyStream } from './io/any-source.js';
export { chainSources } from './io/chain-sources.js';
export { type CheckOptions, checkRdb, type DumpCheck } from './io/check-rdb.js';
export { type FileOutputOptions, fileOutput, refuseSameFile } from './io/file-output.js';
export { gzipOutput } from './io/gzip-output.js';
export { type JsonlSource, type JsonlSourceOptions, jsonlFile, jsonlStream } from './io/jsonl-source.js';
export { keyedHash, readMaskKey } from './io/mask-key.js';
export { findCollisions, precheckRdb } from './io/precheck.js';
export { type RdbSource, type RdbSourceOptions, rdbFile, rdbStream } from './io/rdb-source.js';
export { readMagic } from './io/read-magic.js';
export { RejectLog } from './io/reject-log.js';
export { Spool } from './io/spool.js';
export { isClosedPipe, pipeOutput, stdoutOutput } from './io/stdout-output.js';
export { withSizes } from './io/with-sizes.js';
export { defaultLimits, type Limits } from './limits.js';
export {
  type Emit,
  type ReportSink,
  type RunContext,
  type RunOptions,
  run,
  type Sink,
  type Source,
  type Stage,
} from './pipeline.js';
export type { TargetFormat } from './rdb/compat.js';
export {
  type DumpTarget,
  magicOf,
  OLDEST_WRITTEN,
  targetOfMagic,
  targetOfMagics,
  targetOfServer,
  targetOfVersion,
} from './rdb/dump-target.js';
export { Role } from './rdb/grammar.js';
export type { Magic } from './rdb/magic.js';
export { NEWEST_VERSION } from './rdb/magic.js';
export type { KeyedHash, MaskMethod } from './rdb/mask-method.js';
export { type ChecksumState, RdbDecoder, type RdbDecoderOptions } from './rdb/reader.js';
export { ValueCursor } from './rdb/values/cursor.js';
export { decodeValue, ValueDecoder } from './rdb/values/decode.js';
export { Token } from './rdb/values/token.js';
export type * from './rdb/values/value.js';
export type { ValueReader } from './rdb/values/value-reader.js';
export * from './record.js';
export type { AddressOptions, TlsFiles } from './redis/address.js';
export type { ConflictPolicy } from './redis/outcome.js';
export type { Target } from './redis/probe.js';
export {
  type ImportReport,
  RestoreSink,
  type RestoreSinkOptions,
  restoreSink,
} from './redis/restore-sink.js';
export { type CheckReport, checkReport, type Fault } from './reports/check.js';
export { CollisionScan, Collisions } from './reports/collisions.js';
export {
  type DatabaseInfo,
  type InfoReport,
  infoReport,
  type LargeKey,
  type TypeInfo,
} from './reports/info.js';
export { AofFormat, type AofOptions } from './sinks/aof.js';
export { CsvFormat, type CsvOptions } from './sinks/csv.js';
export { type ExportReport, ExportSink, type ExportSinkOptions } from './sinks/export-sink.js';
export { type HumanOptions, humanFormat } from './sinks/human.js';
export { type HumanHeadFormat, type HumanHeadOptions, humanHeadFormat } from './sinks/human-head.js';
export { type Palette, plainPalette } from './sinks/human-palette.js';
export { type JsonLayout, type JsonOptions, jsonFormat } from './sinks/json.js';
export { type JsonLinesOptions, jsonLinesFormat } from './sinks/jsonl.js';
export { KeysFormat, type KeysOptions } from './sinks/keys.js';
export { type ByteOutput, OutputBuffer } from './sinks/output-buffer.js';
export { type RdbFormatOptions, rdbFormat, rdbFormats } from './sinks/rdb.js';
export type { OtherRecord, PartsFormat, RecordFormat } from './sinks/record-format.js';
export { RespFormat, type RespOptions } from './sinks/resp.js';
export { type SplitPart, type SplitReport, SplitSink, type SplitSinkOptions } from './sinks/split.js';
export {
  byDb,
  byPrefix,
  bySize,
  bySlots,
  byType,
  equalSlots,
  type SlotRange,
  type SplitRule,
} from './sinks/split-rules.js';
export type { MakeSpill, Spill } from './spill.js';
export { COLLISION, type Occurrences, resolveCollisions } from './stages/collisions.js';
export { findKey, type KeyFinder } from './stages/find-key.js';
export { type FirstOnlyOptions, firstOnly } from './stages/first-only.js';
export { keyStage } from './stages/key-stage.js';
export { keysOnly } from './stages/keys-only.js';
export { limit } from './stages/limit.js';
export { mapDb, toDb } from './stages/map-db.js';
export { MASK_ALL_VALUES, type MaskRule, MaskRules, parseMaskRule } from './stages/mask-rules.js';
export { maskStages } from './stages/mask-stages.js';
export type { MaskValuesOptions } from './stages/mask-values.js';
export { addPrefix, rename, stripPrefix } from './stages/rename.js';
export { sample } from './stages/sample.js';
export { dropDb, selectDb } from './stages/select-db.js';
export { type ExpirySelection, selectExpiry } from './stages/select-expiry.js';
export { dropKey, selectKey, selectKeyExpression, selectKeyList } from './stages/select-key.js';
export { selectSize } from './stages/select-size.js';
export { selectSlot } from './stages/select-slot.js';
export { selectType } from './stages/select-type.js';
export { skipExpired } from './stages/skip-expired.js';
export { type TtlRule, ttl } from './stages/ttl.js';
