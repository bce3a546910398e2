// The public API. First what users need.

export { Account, type Refusal, type Reject, type Tally, type Totals } from './account.js';
export type { ExpiryDialect } from './aof/expiry-rewriter.js';
export type { CommandPlace } from './aof/log-cut.js';
export type { DoubtfulRange, InsertedSelect } from './aof/lost-ranges.js';
export type { PartPosition } from './aof/mend-rules.js';
export { type LogPosition, parsePosition, timeText } from './aof/position.js';
export { latin1Bytes, latin1Text, utf8Bytes } from './bytes/ascii.js';
export { ByteSet } from './bytes/byte-set.js';
export { printable, unquote } from './bytes/escape.js';
export type { Integer } from './bytes/integer.js';
export { type JsonText, jsonText } from './bytes/text.js';
export { keySlot } from './codec/crc16.js';
export { exitCodeOf, RdbkitError, type RdbkitErrorCode, type RdbkitErrorDetails } from './errors.js';
export { afterRdb } from './io/after-rdb.js';
export type { InputFormat } from './io/any-decoder.js';
export { type AnySource, type AnySourceOptions, anyFile, anyStream } from './io/any-source.js';
export type { SalvageBase, SalvagedBase } from './io/aof-base.js';
export type { FollowOptions } from './io/aof-follow.js';
export { type AofLayout, type AofPartFile, aofLayout, surveyAof } from './io/aof-parts.js';
export {
  type AofRepair,
  type LostBytes,
  type NamedNeighbour,
  type RepairedBytes,
  type RepairedPart,
  repairCode,
} from './io/aof-repair-report.js';
export {
  type AofSource,
  type AofSourceOptions,
  aofSource,
  aofStream,
} from './io/aof-source.js';
export type { LogTail } from './io/aof-tail.js';
export { chainSources } from './io/chain-sources.js';
export { checkAof } from './io/check-aof.js';
export { type CheckOptions, checkRdb, type DumpCheck } from './io/check-rdb.js';
export {
  Checkpoint,
  type LogPlace,
  logIdentity,
  type ReplayIdentity,
  type ReplayState,
} from './io/checkpoint.js';
export type { Compression } from './io/compression.js';
export { detectInput, detectStream, type InputKind } from './io/detect-input.js';
export { type FileOutputOptions, fileOutput, refuseSameFile } from './io/file-output.js';
export { gzipOutput } from './io/gzip-output.js';
export { type JsonlSource, type JsonlSourceOptions, jsonlFile, jsonlStream } from './io/jsonl-source.js';
export type {
  AofCheck,
  CheckAofOptions,
  LogCheck,
  LogFault,
  PartCheck,
  PartPlace,
} from './io/log-check.js';
export { logWitness } from './io/log-witness.js';
export { keyedHash, readMaskKey } from './io/mask-key.js';
export { findCollisions, precheckRdb } from './io/precheck.js';
export { type LogReach, precheckLog } from './io/precheck-log.js';
export { type RdbSource, type RdbSourceOptions, rdbFile, rdbStream } from './io/rdb-source.js';
export { readError } from './io/read-error.js';
export { readMagic } from './io/read-magic.js';
export { RejectLog } from './io/reject-log.js';
export { type RepairAofOptions, repairAof } from './io/repair-aof.js';
export { type RdbRepair, type RepairRdbOptions, repairRdb } from './io/repair-rdb.js';
export { salvageBase } from './io/salvage-base.js';
export type { PartialKey } from './io/salvage-source.js';
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
export type { Magic } from './rdb/magic.js';
export { NEWEST_VERSION } from './rdb/magic.js';
export type { KeyedHash, MaskMethod } from './rdb/mask-method.js';
export { magicOfVersion } from './rdb/salvage/header.js';
export type { Excess, LostRange, NamedKey } from './rdb/salvage/plan.js';
export type { Dialect } from './rdb/types.js';
export { decodeValue } from './rdb/values/decode.js';
export type * from './rdb/values/value.js';
export * from './record.js';
export { type Address, type AddressOptions, parseAddress, type TlsFiles } from './redis/address.js';
export { expiryDialectOf } from './redis/expiry-dialect.js';
export { FailedKeys } from './redis/failed-keys.js';
export { HeldExpiries, type HeldRelease } from './redis/held-expiries.js';
export type { ConflictPolicy } from './redis/outcome.js';
export type { Target } from './redis/probe.js';
export type { DrainKind, ReplayHooks, ReplayTracker, TransactionalOptions } from './redis/replay-hooks.js';
export {
  type ImportReport,
  RestoreSink,
  type RestoreSinkOptions,
  restoreSink,
} from './redis/restore-sink.js';
export { type CheckReport, checkReport, type Fault } from './reports/check.js';
export { type DoubtfulCommand, type DoubtReport, doubtReport } from './reports/doubt.js';
export {
  type DatabaseInfo,
  type InfoReport,
  infoReport,
  type LargeKey,
  type TypeInfo,
} from './reports/info.js';
export {
  type CommandInfo,
  type CommandSum,
  type LargeCommandInfo,
  type LogInfoReport,
  logInfoReport,
  type PrefixInfo,
} from './reports/log-info.js';
export { teeReport } from './reports/tee.js';
export type { TimeBucket } from './reports/time-buckets.js';
export { AofFormat, type AofOptions } from './sinks/aof.js';
export { CsvFormat, type CsvOptions } from './sinks/csv.js';
export { type ExportReport, ExportSink, type ExportSinkOptions } from './sinks/export-sink.js';
export { type HumanOptions, humanFormat } from './sinks/human.js';
export { type HumanHeadFormat, type HumanHeadOptions, humanHeadFormat } from './sinks/human-head.js';
export { type Palette, plainPalette } from './sinks/human-palette.js';
export { type JsonLayout, type JsonOptions, jsonFormat } from './sinks/json.js';
export { type JsonLinesOptions, jsonLinesFormat } from './sinks/jsonl.js';
export { KeysFormat, type KeysOptions } from './sinks/keys.js';
export type { ByteOutput } from './sinks/output-buffer.js';
export { type RdbFormatOptions, rdbFormat, rdbFormats } from './sinks/rdb.js';
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
export { COLLISION, type Occurrences, resolveCollisions } from './stages/collisions.js';
export { selectCommandKeys } from './stages/commands-by-key.js';
export { commandGroups, dropCommand, selectCommand } from './stages/commands-by-name.js';
export { selectCommandType } from './stages/commands-by-type.js';
export { commandDatabases } from './stages/commands-database.js';
export { selectCommandsNaming } from './stages/commands-naming.js';
export { renameCommandKeys } from './stages/commands-rename.js';
export { commandTtl } from './stages/commands-ttl.js';
export type { DatabaseOptions } from './stages/database-plan.js';
export { findKey, type KeyFinder } from './stages/find-key.js';
export { type FirstOnlyOptions, firstOnly } from './stages/first-only.js';
export type { HeldKeyNotes } from './stages/held-keys.js';
export { type HoldExpiriesOptions, holdExpiries } from './stages/hold-expiries.js';
export { type KeyChange, prefixing, substitution, unprefixing } from './stages/key-changes.js';
export { keyStage } from './stages/key-stage.js';
export {
  expressionTest,
  globTest,
  type KeyTest,
  listTest,
  notTest,
  sampleTest,
  slotTest,
} from './stages/key-tests.js';
export { keysOnly } from './stages/keys-only.js';
export { limit } from './stages/limit.js';
export { mapDb, toDb } from './stages/map-db.js';
export { MASK_ALL_VALUES, type MaskRule, MaskRules, parseMaskRule } from './stages/mask-rules.js';
export { maskStages } from './stages/mask-stages.js';
export type { MaskValuesOptions } from './stages/mask-values.js';
export type { MixedRule } from './stages/mixed-commands.js';
export { noteExpired } from './stages/note-expired.js';
export { refuseFlush } from './stages/refuse-flush.js';
export { type RefusedKeys, withoutRefusedKeys } from './stages/refused-keys.js';
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
export { wholeDatabases } from './stages/whole-databases.js';
export { UNFINISHED, wholeTransactions } from './stages/whole-transactions.js';

// Then what those need who build on the parts: decoders without I/O, values token by token, values
// made anew, and what a format of one's own writes into.

export { Crc64 } from './codec/crc64.js';
export { JsonlDecoder, type JsonlDecoderOptions } from './io/jsonl-decoder.js';
export type { ArrayBuilder } from './rdb/encode/array-builder.js';
export type { Dropped, LossPolicy } from './rdb/encode/encode-context.js';
export type { EncodedValue } from './rdb/encode/encoded-value.js';
export type { HashBuilder } from './rdb/encode/hash-builder.js';
export type { ListBuilder } from './rdb/encode/list-builder.js';
export type { SetBuilder } from './rdb/encode/set-builder.js';
export type { StreamBuilder } from './rdb/encode/stream-builder.js';
export type { StreamState } from './rdb/encode/stream-state.js';
export type { StringBuilder } from './rdb/encode/string-builder.js';
export type { EncodingThresholds } from './rdb/encode/thresholds.js';
export { ValueEncoder, type ValueEncoderOptions } from './rdb/encode/value-encoder.js';
export type { ZsetBuilder } from './rdb/encode/zset-builder.js';
export { Role } from './rdb/grammar.js';
export { type ChecksumState, RdbDecoder, type RdbDecoderOptions } from './rdb/reader.js';
export type { ValueType } from './rdb/types.js';
export { ValueCursor } from './rdb/values/cursor.js';
export { ValueDecoder } from './rdb/values/decode.js';
export { Token } from './rdb/values/token.js';
export { InlineReader, type ValueReader } from './rdb/values/value-reader.js';
export { CollisionScan, Collisions } from './reports/collisions.js';
export type { CommandSpec, KeyRule } from './resp/command-spec.js';
export { OutputBuffer } from './sinks/output-buffer.js';
export type {
  CommandFormat,
  Handling,
  OtherRecord,
  PartsFormat,
  RecordFormat,
} from './sinks/record-format.js';
export type { MakeSpill, Spill } from './spill.js';
