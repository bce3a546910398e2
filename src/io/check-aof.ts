import { RdbkitError } from '../errors.js';
import type { AofLayout } from './aof-parts.js';
import { surveyAof } from './aof-parts.js';
import { type AofSource, aofSource } from './aof-source.js';
import { CheckParts } from './check-parts.js';
import { COMPRESSION_HEAD, detectCompression } from './compression.js';
import type { AofCheck, CheckAofOptions, LogCheck } from './log-check.js';
import { isFinding, LogFindings } from './log-findings.js';
import { readHead } from './read-head.js';

/**
 * Reads every part of a log: its manifest, the dump of its base with the inside of every value, and
 * every command. In plain files it goes on behind damage, where the commands go on; in a stream, or
 * what is compressed, the first fault is the last.
 * @param log path of a folder, a manifest or a file; or a source of one that cannot be read by position
 * @throws RdbkitError IO where there is no log
 */
export function checkAof(log: string | AofSource): AofCheck {
  if (typeof log !== 'string') return new CheckStream(log);
  const layout = surveyAof(log);
  return isWrapped(layout) ? new CheckStream(aofSource(log)) : new CheckParts(log, layout);
}

/** A log in one compressed file. */
function isWrapped({ kind, parts: [first] }: AofLayout): boolean {
  if (kind !== 'single' || first === undefined) return false;
  return detectCompression(readHead(first.path, COMPRESSION_HEAD)) !== 'none';
}

/** A check of a log that can be read only once, and in order. */
class CheckStream implements AofCheck {
  readonly name: string;

  constructor(private readonly source: AofSource) {
    this.name = source.name;
  }

  get size(): number | undefined {
    return this.source.size;
  }

  get position(): number {
    return this.source.position;
  }

  async run(options: CheckAofOptions = {}): Promise<LogCheck> {
    const { source } = this;
    const findings = new LogFindings(options);
    const fault = await this.read(findings, options);
    const { layout, state, tail } = source;
    const [part] = layout.parts as readonly [AofLayout['parts'][number]];
    const { name, role } = part;
    findings.parts.push({
      name,
      role,
      bytes: source.position,
      keys: findings.keys,
      commands: findings.commands,
      ...(source.base === undefined ? {} : { checksum: checksumOf(fault) }),
    });
    if (fault !== undefined) {
      findings.fault(fault, { part: name });
      findings.note('what stands behind the fault was not read: only a plain file can be read on');
    } else {
      if (tail.torn !== undefined) findings.tornTail(name, tail.torn, true);
      if (tail.open !== undefined) findings.openTransaction({ part: name, offset: tail.open.offset }, true);
    }
    return findings.report(this.name, layout, state);
  }

  /** Reads to the end, or to the first fault, which is returned. */
  private async read(findings: LogFindings, options: CheckAofOptions): Promise<RdbkitError | undefined> {
    const { source } = this;
    const signal = options.signal ?? new AbortController().signal;
    try {
      for await (const batch of source.read(signal)) {
        findings.take(batch);
        options.onProgress?.();
      }
      return undefined;
    } catch (thrown) {
      const error = RdbkitError.from(thrown);
      if (signal.aborted || !isFinding(error) || source.position === 0) throw error;
      return error;
    }
  }
}

/** What became of a dump's checksum, by the fault that ended the reading. */
function checksumOf(fault: RdbkitError | undefined): string {
  if (fault === undefined) return 'ok';
  return fault.code === 'INPUT_CHECKSUM' ? 'bad' : 'unknown';
}
