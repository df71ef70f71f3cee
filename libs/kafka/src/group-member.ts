import type { Consumer as KafkaConsumer, EachBatchPayload } from 'kafkajs';
import type { Position } from './assignment.js';
import { kafkaClient, RETRY } from './client.js';
import { takingFiltered } from './filtered-batches.js';
import type { KafkaSettings } from './options.js';
import { atMost } from './pause.js';

/** Nobody in the group is given anything until all are back, or this is over. */
const REBALANCE_WITHIN_MS = 3_000;
const LEAVE_WITHIN_MS = 8_000;
/**
 * Of one partition, at most, in one fetch. More than what a broker takes in one batch (`message.max.bytes`, 1,048,588), since
 * only the first partition of a fetch may exceed this, and others would wait for ever.
 */
const PARTITION_BYTES = 1_310_720;
/** Of all partitions of one broker. It is in memory while it is put into the queue. */
const FETCH_BYTES = 8_388_608;

export type Assigned = Readonly<Record<string, readonly number[]>>;

export interface MemberEvents {
  /** Called before anything is fetched under the assignment. */
  joined(memberId: string, assigned: Assigned): void;
  rebalancing(): void;
  /** Called for what has no messages, too, where offsets were passed over. */
  fetched(payload: EachBatchPayload): Promise<void>;
}

/**
 * One kafkajs consumer from joining to the end. When it crashes it is over and `ended` says why; kafkajs must not start
 * it again itself, because some of its errors it never recovers from.
 *
 * A fetch waits at most 200 ms for a first message and returns with it at once, so a lone message does not wait; stopping
 * waits for that fetch. Members hear of a rebalance with a heartbeat, so those are frequent; one that does not come back
 * within 3 s is left behind, which is how a killed member that starts anew does not wait for its own old session.
 */
export class GroupMember {
  readonly ended: Promise<Error | undefined>;
  private readonly consumer: KafkaConsumer;
  private end: (reason: Error | undefined) => void = () => undefined;
  private over = false;
  private heardAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly settings: KafkaSettings,
    group: string,
    private readonly topics: readonly string[],
    private readonly events: MemberEvents,
  ) {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    this.consumer = kafkaClient(settings).consumer({
      groupId: group,
      allowAutoTopicCreation: false,
      sessionTimeout: settings.sessionTimeoutMs,
      rebalanceTimeout: REBALANCE_WITHIN_MS,
      heartbeatInterval: 500,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      maxBytesPerPartition: PARTITION_BYTES,
      maxWaitTimeInMs: 200,
      retry: { ...RETRY, retries: 6, restartOnFailure: async () => false },
    });
    const { GROUP_JOIN, HEARTBEAT, REBALANCING, CRASH, REQUEST } = this.consumer.events;
    const { onRequest } = settings;
    if (onRequest) this.consumer.on(REQUEST, ({ payload }) => onRequest(payload.apiName));
    this.consumer.on(HEARTBEAT, () => {
      this.heardAt = performance.now();
    });
    this.consumer.on(GROUP_JOIN, ({ payload }) => {
      this.heardAt = performance.now();
      if (!this.over) this.events.joined(payload.memberId, payload.memberAssignment);
    });
    this.consumer.on(REBALANCING, () => {
      if (!this.over) this.events.rebalancing();
    });
    this.consumer.on(CRASH, ({ payload }) => this.finish(payload.error));
  }

  /** Whether the group's coordinator has answered lately: otherwise it may have given us up. */
  get isHeard(): boolean {
    return performance.now() - this.heardAt < this.settings.sessionTimeoutMs;
  }

  /** Connects and begins to join; `joined` is called later. */
  async start(): Promise<void> {
    await this.consumer.connect();
    // Where Kafka knows no offset, or no longer has it, nothing may be passed over.
    await this.consumer.subscribe({ topics: [...this.topics], fromBeginning: true });
    if (this.over) return;
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: takingFiltered((payload: EachBatchPayload) => this.events.fetched(payload)),
    });
  }

  async commit(positions: readonly Position[]): Promise<void> {
    if (this.over) throw new Error('the consumer is out of its group');
    await this.consumer.commitOffsets(positions.map((one) => ({ ...one, offset: String(one.offset) })));
  }

  seek(positions: readonly Position[]): void {
    for (const one of positions) this.consumer.seek({ ...one, offset: String(one.offset) });
  }

  pause(): void {
    try {
      this.consumer.pause(this.topics.map((topic) => ({ topic })));
    } catch {
      // kafkajs refuses while the consumer is not running; then nothing is fetched either.
    }
  }

  resume(): void {
    this.consumer.resume(this.topics.map((topic) => ({ topic })));
  }

  /** Leaves the group and disconnects, within seconds even when the broker is away. */
  async leave(): Promise<boolean> {
    this.finish(undefined);
    return atMost(LEAVE_WITHIN_MS, this.consumer.disconnect());
  }

  private finish(reason: Error | undefined): void {
    this.over = true;
    this.end(reason);
  }
}
