import { isDecimalNumber } from '../../bytes/ascii.js';
import { type Integer, signedInteger, unsignedInteger } from '../../bytes/integer.js';
import { IntsetReader } from '../../encodings/intset.js';
import { ListpackReader } from '../../encodings/listpack.js';
import { corruptBlob, type PackedReader } from '../../encodings/packed.js';
import { StreamItem, StreamListpackReader } from '../../encodings/stream-listpack.js';
import { ZiplistReader } from '../../encodings/ziplist.js';
import { ZipmapReader } from '../../encodings/zipmap.js';
import type { TemplateTable } from '../../record.js';
import { type PackedLayout, Role } from '../grammar.js';
import { StringForm } from '../scanner.js';
import { NO_TYPE, type ValueType } from '../types.js';
import { StringCursor } from './string-cursor.js';
import { type Found, NOTHING, OPENED, Token } from './token.js';

/** The part of the value cursor that reads packed blobs, stream nodes and template fields. */
export abstract class BlobCursor extends StringCursor {
  /** Of an entry or id: its four signed 32-bit halves. */
  msHigh = 0;
  msLow = 0;
  seqHigh = 0;
  seqLow = 0;
  deleted = false;
  pairs = 0;

  readonly listpack = new ListpackReader();
  readonly ziplist = new ZiplistReader();
  readonly intset = new IntsetReader();
  readonly zipmap = new ZipmapReader();
  readonly streamNode = new StreamListpackReader();

  protected type: ValueType = NO_TYPE;
  /** What `count`, `nameBlob` or `templateId` left for `times`. */
  protected register = 0;
  protected packed: PackedReader | undefined;
  protected inStreamNode = false;
  protected nameSent = false;
  /** Expiry of the current field, absolute ms; undefined for none. */
  protected expiry: Integer | undefined;
  /** Whether `next` stops behind the header of the commonest listpacks, see `Token.listpack`. */
  showsListpacks = false;
  private layout: PackedLayout = NAME_BLOB;
  private packedRole = 0;
  private templates: TemplateTable | undefined;
  private names: readonly Uint8Array[] = [];
  private declaredNames: Uint8Array[] = [];
  private heldNames = 0;
  private nameIndex = 0;

  protected resetBlobs(type: ValueType, templates: TemplateTable | undefined): void {
    this.type = type;
    this.templates = templates;
    this.packed = undefined;
    this.showsListpacks = false;
    this.inStreamNode = false;
    this.textLeft = 0;
    this.nameSent = false;
    this.nameIndex = 0;
    this.heldNames = 0;
    if (this.names.length > 0) {
      this.names = [];
      this.declaredNames = [];
    }
  }

  protected expiryToken(expiry: Integer | undefined): Token {
    this.role = Role.fieldExpiry;
    this.expiry = expiry;
    return Token.number;
  }

  protected openBlob(layout: PackedLayout): Found {
    const start = this.at;
    if (!this.readStringHeader()) return Token.needInput;
    const { at, stored, form, size } = this;
    if (form === StringForm.integer) throw this.corrupt(`an integer where a ${layout.encoding} should be`);
    if (Math.max(stored, size) > this.limits.maxPackedBlob) throw this.tooLarge(`a ${layout.encoding}`, size);
    if (at + stored > this.end) {
      this.at = start;
      return Token.needInput;
    }
    let blob = this.bytes;
    let from = at;
    if (form === StringForm.lzf) {
      if (!this.inflater.inflate(blob, at, at + stored, size)) throw this.damagedLzf();
      blob = this.inflater.bytes;
      from = this.inflater.start;
    }
    this.at = at + stored;
    if (layout.encoding === 'stream-listpack') {
      this.streamNode.open(blob, from, from + size, this.nodeId, 0);
      this.inStreamNode = true;
    } else {
      const packed = this[layout.encoding];
      packed.open(blob, from, from + size);
      if (!this.wantText && this.passBlob(layout)) return NOTHING;
      this.packed = packed;
      this.layout = layout;
      this.packedRole = 0;
    }
    return OPENED;
  }

  /** Where only a check is wanted, checks the commonest blobs at once. */
  private passBlob(layout: PackedLayout): boolean {
    if (!isSimple(layout)) return false;
    const { roles } = layout;
    this.listpack.pass(roles[1] === Role.score);
    if (this.listpack.count % roles.length !== 0) throw this.unfinished(this.listpack);
    return true;
  }

  /** The fault of a packed blob whose current entry is a score but no number. */
  noNumber(packed: PackedReader): Error {
    return corruptBlob(packed.encoding, packed.count, 'is a score but no number');
  }

  /** The fault of a packed blob whose current entry misses those that belong to it. */
  unfinished(packed: PackedReader): Error {
    return corruptBlob(packed.encoding, packed.count, 'is not followed by what belongs to it');
  }

  /** Of a listpack that was opened: the roles that its entries have in turn, one or two. */
  get listpackRoles(): readonly Role[] {
    return this.layout.roles;
  }

  /** The first token of a packed blob, or `end` where it has none. */
  protected firstInBlob(): Token {
    if (this.showsListpacks && !this.inStreamNode && isSimple(this.layout)) return Token.listpack;
    return this.nextInBlob();
  }

  protected nextInBlob(): Token {
    return this.inStreamNode ? this.nextStreamItem() : this.nextPacked(this.packed as PackedReader);
  }

  /** The next entry of a packed blob, or `end` behind its last. */
  protected nextPacked(packed: PackedReader): Token {
    const { roles } = this.layout as PackedLayout;
    let role = roles[this.packedRole] as Role;
    if (role === Role.templateValue && !this.nameSent && this.nameIndex < this.names.length) {
      return this.sendName();
    }
    if (!packed.next()) {
      this.endBlob(packed, role);
      return Token.end;
    }
    const { isInteger } = packed;
    switch (role) {
      case Role.templateSlot:
        this.useTemplate(packed);
        this.packedRole = 1;
        return this.nextPacked(packed);
      case Role.templateValue:
        this.nameSent = false;
        if (this.nameIndex++ >= this.names.length)
          throw this.corrupt('more values than the template has fields');
        role = Role.value;
        break;
      default:
        this.packedRole = this.packedRole + 1 === roles.length ? 0 : this.packedRole + 1;
    }
    this.role = role;
    this.isInteger = isInteger;
    if (isInteger) {
      this.valueHigh = packed.high;
      this.valueLow = packed.low;
      if (role === Role.expiryOrZero) {
        const expiry = signedInteger(packed.high, packed.low);
        return this.expiryToken(expiry === 0 ? undefined : expiry);
      }
    } else {
      this.text = packed.bytes;
      this.textStart = packed.start;
      this.textEnd = packed.end;
      if (role === Role.score && !isDecimalNumber(packed.bytes, packed.start, packed.end)) {
        throw this.noNumber(packed);
      }
      if (role === Role.expiryOrZero) {
        throw corruptBlob(packed.encoding, packed.count, 'is an expiry but no integer');
      }
    }
    return Token.string;
  }

  protected endBlob(packed: PackedReader, role: Role): void {
    this.packed = undefined;
    if (role === Role.templateValue) {
      if (this.nameIndex !== this.names.length)
        throw this.corrupt('fewer values than the template has fields');
    } else if (this.packedRole !== 0) {
      throw this.unfinished(packed);
    }
  }

  protected nextStreamItem(): Token {
    const node = this.streamNode;
    const item = node.next();
    if (item === StreamItem.end) {
      this.inStreamNode = false;
      return Token.end;
    }
    if (item === StreamItem.entry) {
      this.role = Role.streamEntry;
      this.msHigh = node.msHigh;
      this.msLow = node.msLow;
      this.seqHigh = node.seqHigh;
      this.seqLow = node.seqLow;
      this.deleted = node.deleted;
      this.pairs = node.pairs;
      return Token.entry;
    }
    this.role = item === StreamItem.field ? Role.field : Role.value;
    this.isInteger = node.isInteger;
    if (node.isInteger) {
      this.valueHigh = node.high;
      this.valueLow = node.low;
    } else {
      this.text = node.bytes;
      this.textStart = node.start;
      this.textEnd = node.end;
    }
    return Token.string;
  }

  protected sendName(): Token {
    const name = this.names[this.nameIndex];
    if (name === undefined) throw this.corrupt('more values than the template has fields');
    this.nameSent = true;
    this.role = Role.field;
    this.isInteger = false;
    this.text = name;
    this.textStart = 0;
    this.textEnd = name.length;
    return Token.string;
  }

  protected keepName(): void {
    if (this.isInteger) this.formatInteger();
    const name = this.text.slice(this.textStart, this.textEnd);
    this.heldNames += name.length + 16;
    if (this.heldNames > this.limits.maxTemplateBytes) throw this.tooLarge('field names', this.heldNames);
    this.declaredNames.push(name);
    this.names = this.declaredNames;
  }

  protected readNameBlob(): Found {
    const found = this.openBlob(NAME_BLOB);
    if (found !== OPENED) return found;
    const blob = this.packed as PackedReader;
    this.packed = undefined;
    while (blob.next()) {
      this.isInteger = blob.isInteger;
      this.valueHigh = blob.high;
      this.valueLow = blob.low;
      this.text = blob.bytes;
      this.textStart = blob.start;
      this.textEnd = blob.end;
      this.keepName();
    }
    this.register = this.names.length;
    return NOTHING;
  }

  protected readTemplateId(): Found {
    if (!this.readLength()) return Token.needInput;
    this.names = this.declaredTemplate(this.length);
    this.register = this.names.length;
    return NOTHING;
  }

  /** The first entry of a template's listpack is its id, which means something in files only. */
  protected useTemplate(packed: PackedReader): void {
    if (!packed.isInteger) throw this.corrupt('a template id is no integer');
    if (this.type.fileOnly) this.names = this.declaredTemplate(unsignedInteger(packed.high, packed.low));
  }

  protected declaredTemplate(id: Integer): readonly Uint8Array[] {
    const names = this.templates?.names(id);
    if (names === undefined) throw this.corrupt(`template ${id} is not declared in the file`);
    return names;
  }

  protected override endString(): void {
    if (!this.nameSent) return;
    this.nameSent = false;
    this.nameIndex++;
  }
}

/** Whether a blob is a listpack of one or two roles that are nothing but strings and scores. */
function isSimple({ encoding, roles }: PackedLayout): boolean {
  if (encoding !== 'listpack' || roles.length > 2) return false;
  // Names of a template are needed to read what follows.
  return roles[0] !== Role.templateSlot && roles[0] !== Role.templateName;
}

const NAME_BLOB: PackedLayout = { encoding: 'listpack', roles: [Role.templateName] };
