import type { TopicRecord } from './produce-parts.js';
import {
  isOfTheConnection,
  type RefusalCode,
  refusalCode,
  type RefusedRecord,
  refusedRecord,
} from './refusal.js';

/** Topics that were found missing lately; more are forgotten, and found missing again. */
const MOST_MISSING = 1_000;

/** What became of records that are not stored: refused for good, or failed with an error. */
export type Unstored = Map<TopicRecord, { readonly refused: RefusedRecord } | { readonly error: unknown }>;

export interface Sending {
  /** Sends records in one request. */
  readonly request: (records: readonly TopicRecord[]) => Promise<void>;
  /** The names of all topics that there are now. */
  readonly topicNames: () => Promise<readonly string[]>;
}

/**
 * Sends records of which some may spoil the request for the others, by a topic that is not there or by their size. After a
 * request that the broker refused, what it refused is found out and set aside, and the others are sent without it.
 */
export class Isolation {
  /** Known to be missing; a request with them would be tried several times before it fails. */
  private readonly missing = new Set<string>();

  constructor(private readonly sending: Sending) {}

  /** @returns false when nothing at all can be sent now */
  async send(records: readonly TopicRecord[], unstored: Unstored): Promise<boolean> {
    const rest =
      this.missing.size === 0
        ? records
        : await this.withoutMissing(records, (topic) => this.missing.has(topic), unstored);
    if (rest.length === 0) return true;
    try {
      await this.sending.request(rest);
      return true;
    } catch (error) {
      return this.isolate(rest, error, unstored);
    }
  }

  private async isolate(
    records: readonly TopicRecord[],
    error: unknown,
    unstored: Unstored,
  ): Promise<boolean> {
    const code = refusalCode(error);
    if (code === undefined && isOfTheConnection(error)) {
      fail(records, error, unstored);
      return false;
    }
    const isUnknown = code === 'unknown_topic';
    if (isUnknown) {
      const rest = await this.withoutMissing(records, () => true, unstored);
      if (rest.length < records.length) return rest.length === 0 || this.send(rest, unstored);
    }
    const groups = groupedByTopic(records);
    if (groups.length > 1) return this.sendEach(groups, unstored);
    // It exists, and its leader has not heard of it yet: it will.
    if (code === undefined || isUnknown) fail(records, error, unstored);
    else if (code !== 'too_large' || records.length === 1) refuse(records, code, unstored);
    else return this.sendEach(halves(records), unstored);
    return true;
  }

  private async sendEach(groups: readonly (readonly TopicRecord[])[], unstored: Unstored): Promise<boolean> {
    let goesOn = true;
    for (const group of groups) {
      if (goesOn) goesOn = await this.send(group, unstored);
      else fail(group, new Error('the broker went away before it was sent'), unstored);
    }
    return goesOn;
  }

  /** Refuses what goes to suspect topics that do not exist, and gives back the rest. */
  private async withoutMissing(
    records: readonly TopicRecord[],
    isSuspect: (topic: string) => boolean,
    unstored: Unstored,
  ): Promise<readonly TopicRecord[]> {
    if (!records.some(({ topic }) => isSuspect(topic))) return records;
    const names = new Set(await this.sending.topicNames());
    const rest: TopicRecord[] = [];
    for (const record of records) {
      const { topic } = record;
      if (names.has(topic)) this.missing.delete(topic);
      if (names.has(topic) || !isSuspect(topic)) {
        rest.push(record);
        continue;
      }
      if (this.missing.size >= MOST_MISSING) this.missing.clear();
      this.missing.add(topic);
      refuse([record], 'unknown_topic', unstored);
    }
    return rest;
  }
}

export function refuse(records: readonly TopicRecord[], code: RefusalCode, unstored: Unstored): void {
  for (const record of records) unstored.set(record, { refused: refusedRecord(record, code) });
}

export function fail(records: readonly TopicRecord[], error: unknown, unstored: Unstored): void {
  for (const record of records) unstored.set(record, { error });
}

function groupedByTopic(records: readonly TopicRecord[]): readonly (readonly TopicRecord[])[] {
  const groups = new Map<string, TopicRecord[]>();
  for (const record of records) {
    const group = groups.get(record.topic);
    if (group === undefined) groups.set(record.topic, [record]);
    else group.push(record);
  }
  return [...groups.values()];
}

function halves(records: readonly TopicRecord[]): readonly (readonly TopicRecord[])[] {
  const half = Math.ceil(records.length / 2);
  return [records.slice(0, half), records.slice(half)];
}
