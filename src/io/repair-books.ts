import { KeyFinder } from '../aof/command-keys.js';
import type { CommandLookup } from '../aof/command-lookup.js';
import { describeCommand } from '../aof/describe-command.js';
import type { Neighbour, PartFindings } from '../aof/lost-ranges.js';
import type { ManifestRow } from '../aof/manifest.js';
import type { AofPartFile } from './aof-parts.js';
import {
  type AofRepair,
  addBytes,
  type LostBytes,
  type NamedNeighbour,
  NO_BYTES,
  type RepairedBytes,
  type RepairedPart,
} from './aof-repair-report.js';
import type { FileReader } from './mend-part.js';

/** So much of a command is looked at to name it. */
const NAMED_BYTES = 4096;

/** The books of the repair of a log: what became of each part, and what was found in it. */
export class RepairBooks {
  readonly parts: RepairedPart[] = [];
  /** Of the manifest of the result. */
  readonly rows: ManifestRow[] = [];
  readonly lost: LostBytes[] = [];
  readonly lostParts: { name: string; reason: string }[] = [];
  readonly doubts: AofRepair['doubts'][number][] = [];
  readonly inserted: AofRepair['inserted'][number][] = [];
  lostRanges = 0;
  lostCommands = 0;
  doubtfulRanges = 0;
  private readonly keys = new KeyFinder();
  /** Replication offsets that the manifest tells hold no more behind the first change. */
  private isChanged = false;

  constructor(private readonly lookup: CommandLookup) {}

  /** Of all parts. */
  get bytes(): RepairedBytes {
    return this.parts.reduce((sum, part) => addBytes(sum, part.bytes), NO_BYTES);
  }

  /** A part that was copied: of its bytes, what became of them. */
  enter(file: AofPartFile, bytes: RepairedBytes): void {
    const { name, role, seq, startOffset, endOffset } = file;
    const isSame = bytes.kept === bytes.in && bytes.out === bytes.in;
    this.parts.push({ name, role, result: isSame ? 'unchanged' : 'mended', bytes });
    const wasChanged = this.isChanged;
    this.isChanged = wasChanged || !isSame;
    this.rows.push({
      name,
      seq,
      role: role === 'base' ? 'base' : 'increment',
      ...(startOffset === undefined || wasChanged ? {} : { startOffset }),
      ...(endOffset === undefined || this.isChanged ? {} : { endOffset }),
    });
  }

  /** A part, or a line of the manifest, of which nothing is there. */
  loseWhole(name: string, reason: string): void {
    this.lostParts.push({ name, reason });
    this.isChanged = true;
  }

  /** A part behind the end that was asked for. */
  leaveOut({ name, role, size }: AofPartFile): void {
    this.parts.push({ name, role, result: 'absent', bytes: { ...NO_BYTES, in: size, rewound: size } });
  }

  /** Takes what was found in a part into the report, with the names of the commands around it. */
  tell(findings: PartFindings, reader: FileReader, size: number): void {
    findings.settle();
    const named = (place: Neighbour | undefined) => this.named(reader, size, place);
    for (const range of findings.lost) {
      this.lost.push({ ...range, before: named(range.before), after: named(range.after) });
    }
    this.doubts.push(...findings.doubts);
    this.inserted.push(...findings.inserted);
    this.lostRanges += findings.lostRanges;
    this.lostCommands += findings.lostCommands;
    this.doubtfulRanges += findings.doubtfulRanges;
  }

  private named(reader: FileReader, size: number, place: Neighbour | undefined): NamedNeighbour | undefined {
    if (place === undefined) return undefined;
    const bytes = new Uint8Array(Math.min(NAMED_BYTES, size - place.offset));
    const count = reader.readAt(place.offset, bytes);
    const { name = '', key } = describeCommand(bytes.subarray(0, count), this.lookup, this.keys) ?? {};
    return { ...place, name, key };
  }
}
