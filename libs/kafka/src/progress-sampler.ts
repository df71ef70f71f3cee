import { type Log, messageOf, type Progress, ProgressHistory } from '@skald/runtime';
import { isCausedBy } from './errors.js';
import { partitionOf } from './partitioner.js';
import { Pause } from './pause.js';
import type { TopicAdmin } from './topic-admin.js';

/** How often it looks while somebody asks. */
const PERIOD_MS = 500;
/** Who has not asked for so long asks no more. */
const ASKED_MS = 5_000;
/** Kafka answers nothing for so long, while others may well hear it: then nothing can be told. */
const FAILING_MS = 30_000;
/** A right that is missing may be granted one day. */
const DENIED_MS = 60_000;

interface Watch {
  readonly group: string;
  readonly topic: string;
  readonly history: ProgressHistory;
  askedAt: number;
  /** Since when every look has failed. */
  failingSince: number | undefined;
  /** Until when it is not asked for again, since this user may not know. */
  deniedUntil: number;
  isBlind: boolean;
}

/**
 * Looks at where topics end and what groups have confirmed there, twice a second while somebody asks and not at all
 * otherwise: one request for each group and each topic.
 */
export class ProgressSampler {
  private readonly watches = new Map<string, Watch>();
  private readonly pause = new Pause();
  private looking: Promise<void> | undefined;
  private isClosed = false;

  constructor(
    private readonly admin: Pick<TopicAdmin, 'bounds' | 'confirmed'>,
    private readonly log: Pick<Log, 'warn' | 'log'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** What was seen so far; nothing when it cannot tell. Asking makes it look. */
  progress(group: string, topic: string): Progress | undefined {
    const watch = this.watchOf(group, topic);
    watch.askedAt = this.now();
    this.looking ??= this.lookAgain().finally(() => {
      this.looking = undefined;
    });
    return watch.isBlind ? undefined : watch.history;
  }

  close(): void {
    this.isClosed = true;
    this.pause.end();
  }

  private watchOf(group: string, topic: string): Watch {
    const place = `${group} ${topic}`;
    const known = this.watches.get(place);
    if (known !== undefined) return known;
    const watch: Watch = {
      group,
      topic,
      history: new ProgressHistory(partitionOf, this.now),
      askedAt: 0,
      failingSince: undefined,
      deniedUntil: 0,
      isBlind: false,
    };
    this.watches.set(place, watch);
    return watch;
  }

  private async lookAgain(): Promise<void> {
    while (!this.isClosed) {
      const now = this.now();
      const watched = [...this.watches.values()].filter(
        ({ askedAt, deniedUntil }) => askedAt > now - ASKED_MS && deniedUntil <= now,
      );
      if (watched.length === 0) return;
      await Promise.all(watched.map((watch) => this.look(watch)));
      await this.pause.sleep(PERIOD_MS);
    }
  }

  private async look(watch: Watch): Promise<void> {
    const { group, topic, history } = watch;
    const at = this.now();
    try {
      const { starts, ends } = await this.admin.bounds(topic);
      const offsets = (await this.admin.confirmed(group, [topic])).get(topic);
      const confirmed = ends.map((_, partition) => {
        const offset = offsets?.get(partition) ?? -1n;
        return offset < 0n ? undefined : Number(offset);
      });
      history.add({ at, seenAt: this.now(), starts, ends, confirmed });
      this.see(watch);
    } catch (error) {
      this.fail(watch, at, error);
    }
  }

  private see(watch: Watch): void {
    watch.failingSince = undefined;
    if (!watch.isBlind) return;
    watch.isBlind = false;
    this.log.log(`it can be told again how far the group '${watch.group}' has got in '${watch.topic}'`);
  }

  private fail(watch: Watch, at: number, error: unknown): void {
    const isDenied =
      isCausedBy(error, 'GROUP_AUTHORIZATION_FAILED') || isCausedBy(error, 'TOPIC_AUTHORIZATION_FAILED');
    if (isDenied) watch.deniedUntil = this.now() + DENIED_MS;
    watch.failingSince ??= at;
    const isLong = this.now() - watch.failingSince >= FAILING_MS;
    if (watch.isBlind || this.isClosed || !(isDenied || isLong)) return;
    watch.isBlind = true;
    this.log.warn(
      `it cannot be told how far the group '${watch.group}' has got in '${watch.topic}', so what lies there unread ` +
        `counts as not answered: ${messageOf(error)}` +
        (isDenied ? '. Allow this user to describe the group and the topic' : ''),
    );
  }
}
