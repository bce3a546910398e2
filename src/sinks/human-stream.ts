import { type Integer, unsignedInteger } from '../bytes/integer.js';
import { UNKNOWN_ENTRIES_READ } from '../rdb/entries-read.js';
import { Role } from '../rdb/grammar.js';
import { halvesText } from '../rdb/stream-id.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { HumanPage } from './human-page.js';
import type { Survey } from './human-survey.js';
import { countText, momentText, spanText } from './human-time.js';

/**
 * A stream: its entries, what it knows of itself, its groups with the pending entries and the
 * consumers, and its producers. Everything stands in the order of the dump, so that nothing of it
 * needs to be held.
 */
export function writeStream(page: HumanPage, value: ValueReader, survey: Survey): void {
  new StreamPage(page, value, survey).write();
}

class StreamPage {
  private isDeleted = false;
  private ms: Integer = 0;
  /** Seconds that ids of producers are remembered. */
  private remembered: Integer = 0;

  constructor(
    private readonly page: HumanPage,
    private readonly value: ValueReader,
    private readonly survey: Survey,
  ) {}

  write(): void {
    const { value, page } = this;
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (token === Token.string || token === Token.fragment) this.string(token);
      else this.number(token);
    }
    page.out.spill();
  }

  private string(token: Token): void {
    const { page, value, isDeleted } = this;
    const { role } = value.cursor;
    if ((role === Role.field || role === Role.value) && isDeleted) {
      page.strings.skip(value, token);
      return;
    }
    switch (role) {
      case Role.field:
        page.pad(4);
        page.string(value, token, 'name', this.survey.firstWidth);
        page.pad(2);
        return;
      case Role.value:
        page.string(value, token);
        break;
      case Role.groupName:
        page.say('\n');
        this.titled('group', token);
        return;
      case Role.consumerName:
        page.pad(2);
        this.titled('consumer', token);
        return;
      case Role.producerId:
        page.pad(2);
        this.titled('producer', token);
        break;
      default:
        page.pad(4);
        page.string(value, token);
        page.pad(2);
        return;
    }
    page.endLine();
  }

  private titled(title: string, token: Token): void {
    this.page.paint('label', title);
    this.page.pad(1);
    this.page.string(this.value, token, 'key');
  }

  private number(token: Token): void {
    const { page, value } = this;
    const { cursor } = value;
    const integer = cursor.integer as Integer;
    switch (cursor.role) {
      case Role.streamEntry:
        this.isDeleted = cursor.deleted;
        if (!cursor.deleted) this.entry();
        break;
      case Role.streamLastMs:
        if (this.survey.elements > 0) page.say('\n');
        this.idFact('last id', integer);
        break;
      case Role.streamFirstMs:
        this.idFact('first id', integer);
        break;
      case Role.streamMaxDeletedMs:
        this.idFact('deleted', integer, ' and before');
        break;
      case Role.streamEntriesAdded:
        page.fact('added', `${countText(integer)} in all`);
        break;
      case Role.groupLastMs:
      case Role.producerMs:
        this.ms = integer;
        break;
      case Role.groupLastSeq:
        page.say(`, last delivered ${this.ms}-${integer}`);
        break;
      case Role.groupEntriesRead:
        if (integer !== UNKNOWN_ENTRIES_READ) page.say(`, ${countText(integer)} entries read`);
        break;
      case Role.groupPending:
        page.say(`, ${countText(integer)} pending`);
        page.endLine();
        break;
      case Role.pendingId:
      case Role.consumerPendingId:
      case Role.nackedId:
        this.pendingId(token);
        break;
      case Role.pendingDeliveredAt:
        page.say(`  delivered ${momentText(integer, true)}`);
        break;
      case Role.pendingDeliveries:
        page.say(`, ${countText(integer)} time${integer === 1 ? '' : 's'}`);
        page.endLine();
        break;
      case Role.consumerSeenAt:
        page.say(`, seen ${momentText(integer, true)}`);
        break;
      case Role.consumerActiveAt:
        page.say(integer === -1 ? ', never active' : `, active ${momentText(integer, true)}`);
        break;
      case Role.consumerPending:
        page.say(`, holds ${countText(integer)}`);
        page.endLine();
        break;
      case Role.groupNacked:
        if (integer !== 0) page.say('  held by no consumer\n');
        break;
      case Role.idmpDuration:
        this.remembered = integer;
        break;
      case Role.idmpProducers:
        if (integer === 0) break;
        page.say('\n');
        page.fact('producers', `remembered for ${spanText(1000 * Number(this.remembered))}`);
        break;
      case Role.producerSeq:
        page.say(`${this.ms}-${integer}`);
        page.endLine();
        break;
      default:
    }
  }

  private entry(): void {
    const { page, value } = this;
    const { msHigh, msLow } = value.cursor;
    page.id(value);
    page.say('  ');
    page.paint('aside', momentText(unsignedInteger(msHigh, msLow), true));
    page.endLine();
  }

  /** The group's list goes on with more about each id; those of consumers and of nobody are ids alone. */
  private pendingId(token: Token): void {
    const { page, value } = this;
    if (token !== Token.id) return;
    const isListed = value.cursor.role === Role.pendingId;
    page.pad(isListed ? 2 : 4);
    page.say(`${isListed ? 'pending ' : ''}${halvesText(value.cursor)}`);
    if (!isListed) page.endLine();
  }

  private idFact(name: string, ms: Integer, more = ''): void {
    this.value.next();
    const seq = this.value.cursor.integer as Integer;
    if (ms === 0 && seq === 0) return;
    this.page.fact(name, `${ms}-${seq}${more}`);
  }
}
