import type { EachBatchPayload } from 'kafkajs';
import type { Arrival, Arrivals } from './arrivals.js';
import type { Assignment, HeldPartition } from './assignment.js';
import { decode } from './envelope.js';
import type { FetchedMessage } from './fetch-response.js';
import { fetchStart, nextMoment } from './fetch-starts.js';
import type { Pause } from './pause.js';

const HEARTBEAT_MS = 500;

/** Puts what kafkajs has fetched into the queue, as far as it was fetched under the present assignment. */
export class Intake {
  private joinedAt = 0;

  constructor(
    private readonly assignment: Assignment,
    private readonly arrivals: Arrivals,
    private readonly pause: Pause,
    private readonly isStopping: () => boolean,
    /** More is done than before, with nothing to do for it. */
    private readonly moved: () => void,
  ) {}

  /** An assignment begins: what was asked for earlier began where an older one stood. */
  joined(): void {
    this.joinedAt = nextMoment();
  }

  /** What it does not take it does not resolve either, so that it is fetched again from where the assignment says. */
  async receive(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const { topic, partition } = batch;
    const held = this.assignment.find(topic, partition);
    const { epoch } = this.assignment;
    const start = fetchStart(batch);
    const isOutdated = (): boolean =>
      this.isStopping() || epoch !== this.assignment.epoch || start < this.joinedAt || payload.isStale();
    if (held === undefined || isOutdated()) return;

    let pushed: string | undefined;
    for (const record of batch.messages) {
      while (this.arrivals.isFull) {
        // What is pushed must not be fetched again when the heartbeat fails.
        if (pushed !== undefined) payload.resolveOffset(pushed);
        await Promise.race([this.arrivals.room(), this.pause.sleep(HEARTBEAT_MS)]);
        if (isOutdated()) return;
        await payload.heartbeat();
        if (isOutdated()) return;
      }
      const arrival = arrivalOf(record, held, epoch);
      this.assignment.fetched(held, arrival.offset);
      this.arrivals.push(arrival);
      pushed = record.offset;
    }
    payload.resolveOffset(batch.lastOffset());
    const behind = pushed === undefined ? undefined : BigInt(pushed) + 1n;
    if (this.assignment.fetchedAll(held, behind, BigInt(batch.lastOffset()) + 1n)) this.moved();
  }
}

function arrivalOf(record: FetchedMessage, held: HeldPartition, epoch: number): Arrival {
  return {
    held,
    offset: BigInt(record.offset),
    epoch,
    // Without its own size it is of an old format, which has no headers.
    bytes: record.bytes ?? (record.key?.length ?? 0) + (record.value?.length ?? 0),
    record,
    content: contentOf(record, held.topic),
  };
}

function contentOf(record: FetchedMessage, topic: string): Arrival['content'] {
  const { problem } = record;
  if (problem !== undefined) return { kind: 'malformed', code: problem.code, reason: problem.reason };
  const decoded = decode(record);
  return decoded.kind === 'message'
    ? { kind: decoded.kind, delivery: { topic, message: decoded.message } }
    : decoded;
}
