import { type Log, messageOf, type Progress, ProgressHistory, type ProgressSample } from '@skald/ports';
import { isCausedBy } from './errors.js';
import { partitionOf } from './partitioner.js';
import { atMost, Pause } from './pause.js';
import type { TopicAdmin } from './topic-admin.js';

/** How often it looks while somebody asks. */
const PERIOD_MS = 500;
/** Who has not asked for so long asks no more. */
const ASKED_MS = 5_000;
/** A look without an answer for so long has failed. */
const LOOK_WITHIN_MS = 8_000;
/** Kafka answers nothing for so long, while others may well hear it: then nothing can be told. */
const FAILING_MS = 30_000;
/** And so many looks in a row failed in that time. */
const FAILED_LOOKS = 3;
/**
 * What failed before nobody asked for so long says nothing of now: it was an outage, in which no time is looked at. A single
 * time that waits is asked for every ten seconds.
 */
const FORGOTTEN_MS = 15_000;
/** A right that is missing may be granted one day. */
const DENIED_MS = 60_000;

interface Watch {
  readonly group: string;
  readonly topic: string;
  readonly history: ProgressHistory;
  askedAt: number;
  /** Since when every look has failed, and how many did. */
  failingSince: number | undefined;
  failed: number;
  /** Until when it is not asked for again, since this user may not know; undefined: it may. */
  deniedUntil: number | undefined;
  isBlind: boolean;
  isLooking: boolean;
}

/**
 * Looks at where topics end and what groups have confirmed there, twice a second while somebody asks and not at all
 * otherwise: one request for each group and each topic. A group of which nobody hears holds up no other.
 */
export class ProgressSampler {
  private readonly watches = new Map<string, Watch>();
  private readonly pause = new Pause();
  private isClosed = false;

  constructor(
    private readonly admin: Pick<TopicAdmin, 'bounds' | 'confirmed'>,
    private readonly log: Pick<Log, 'warn' | 'log'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** What was seen so far; nothing when it cannot tell. Asking makes it look. */
  progress(group: string, topic: string): Progress | undefined {
    const watch = this.watchOf(group, topic);
    const now = this.now();
    if (watch.askedAt <= now - FORGOTTEN_MS) this.forget(watch);
    watch.askedAt = now;
    if (!watch.isLooking) void this.lookAgain(watch);
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
      askedAt: this.now(),
      failingSince: undefined,
      failed: 0,
      deniedUntil: undefined,
      isBlind: false,
      isLooking: false,
    };
    this.watches.set(place, watch);
    return watch;
  }

  /** Failures of another time. A right that was missing stays missing until a look shows otherwise. */
  private forget(watch: Watch): void {
    watch.failingSince = undefined;
    watch.failed = 0;
    if (watch.deniedUntil === undefined) watch.isBlind = false;
  }

  private async lookAgain(watch: Watch): Promise<void> {
    watch.isLooking = true;
    while (!this.isClosed && this.isWanted(watch)) {
      await this.look(watch);
      await this.pause.sleep(PERIOD_MS);
    }
    watch.isLooking = false;
  }

  private isWanted({ askedAt, deniedUntil = 0 }: Watch): boolean {
    const now = this.now();
    return askedAt > now - ASKED_MS && deniedUntil <= now;
  }

  private async look(watch: Watch): Promise<void> {
    const at = this.now();
    try {
      const seen = this.seen(watch);
      if (!(await atMost(LOOK_WITHIN_MS, seen))) throw new Error(`no answer within ${LOOK_WITHIN_MS} ms`);
      const sample = await seen;
      watch.history.add({ at, seenAt: this.now(), ...sample });
      this.see(watch);
    } catch (error) {
      this.fail(watch, at, error);
    }
  }

  private async seen({
    group,
    topic,
  }: Watch): Promise<Pick<ProgressSample, 'starts' | 'ends' | 'confirmed'>> {
    const { starts, ends } = await this.admin.bounds(topic);
    const offsets = (await this.admin.confirmed(group, [topic])).get(topic);
    const confirmed = ends.map((_, partition) => {
      const offset = offsets?.get(partition) ?? -1n;
      return offset < 0n ? undefined : Number(offset);
    });
    return { starts, ends, confirmed };
  }

  private see(watch: Watch): void {
    watch.failingSince = undefined;
    watch.failed = 0;
    watch.deniedUntil = undefined;
    if (!watch.isBlind) return;
    watch.isBlind = false;
    this.log.log(`it can be told again how far the group '${watch.group}' has got in '${watch.topic}'`);
  }

  private fail(watch: Watch, at: number, error: unknown): void {
    const isDenied =
      isCausedBy(error, 'GROUP_AUTHORIZATION_FAILED') || isCausedBy(error, 'TOPIC_AUTHORIZATION_FAILED');
    if (isDenied) watch.deniedUntil = this.now() + DENIED_MS;
    watch.failingSince ??= at;
    watch.failed += 1;
    const isLong = watch.failed >= FAILED_LOOKS && this.now() - watch.failingSince >= FAILING_MS;
    if (watch.isBlind || this.isClosed || !(isDenied || isLong)) return;
    watch.isBlind = true;
    this.log.warn(
      `it cannot be told how far the group '${watch.group}' has got in '${watch.topic}', so what lies there unread ` +
        `counts as not answered: ${messageOf(error)}` +
        (isDenied ? '. Allow this user to describe the group and the topic' : ''),
    );
  }
}
