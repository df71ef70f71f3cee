import type { CrashPoint } from '@skald/ports';
import type { KeyedRandom } from './keyed-random.js';

/**
 * What can go wrong in a simulation. Those of the broker are what Kafka and an outbox can do, but for `message lost`:
 * Kafka does not lose commands and replies, and retries must survive even that.
 *
 * - `message lost`: a command to a participant, or its reply, never arrives
 * - `message duplicated`: it comes again, later: a consumer died before it confirmed
 * - `message delayed`: by more than a timeout; what follows it under the same key waits too
 * - `send rejected`: the broker is away, nothing of the batch is stored
 * - `send unconfirmed`: stored, and the sender is told that it may not be
 * - `crash …`: the process is killed there and started again, or another takes over
 * - `race lost`: another worker changed the instance first; the transaction is run again
 * - `commit unconfirmed`: committed, and the connection is lost before anyone knows
 * - `transactions meet`: one takes up to two seconds between what it reads, what it writes and its commit, and meets those of
 *   other processes half done
 * - `clock skewed`: a process's clock is up to ten minutes off, and what it knows of the database's up to 0.2 s
 * - `broker away`, `database away`: for all processes, for up to a minute, which is longer than any timeout of the sagas
 * - `id used again`: ended sagas are removed after seconds, and others begin with their ids
 * - `two builds`: a process begins as the older build, which lacks the newer definitions, and is replaced while sagas run
 * - `message refused`: the broker takes this message at no hour, as if it were too large
 * - `rejected`: a participant says no
 * - `failed`: a participant's attempt fails
 * - `silent`: a participant takes commands and does nothing, for some attempts or for good
 * - `slow`: a participant does its work and replies late
 * - `cancelled`: a saga is cancelled at some moment
 */
export type FaultKind =
  | 'message lost'
  | 'message duplicated'
  | 'message delayed'
  | 'send rejected'
  | 'send unconfirmed'
  | `crash ${CrashPoint}`
  | 'race lost'
  | 'commit unconfirmed'
  | 'transactions meet'
  | 'clock skewed'
  | 'broker away'
  | 'database away'
  | 'id used again'
  | 'two builds'
  | 'message refused'
  | 'rejected'
  | 'failed'
  | 'silent'
  | 'slow'
  | 'cancelled';

/** How likely each fault is wherever it could happen, in a run that has faults of this kind: half of the runs. */
export type FaultRates = Readonly<Record<FaultKind, number>>;

export const DEFAULT_FAULTS: FaultRates = {
  'message lost': 0.08,
  'message duplicated': 0.15,
  'message delayed': 0.06,
  'send rejected': 0.1,
  'send unconfirmed': 0.06,
  'crash before commit': 0.04,
  'crash after commit': 0.05,
  'crash after send': 0.05,
  'crash before offset commit': 0.05,
  'race lost': 0.1,
  'commit unconfirmed': 0.05,
  'transactions meet': 0.1,
  'clock skewed': 0.5,
  'broker away': 0.3,
  'database away': 0.3,
  'id used again': 0.5,
  'two builds': 0.6,
  'message refused': 0.02,
  rejected: 0.18,
  failed: 0.15,
  silent: 0.12,
  slow: 0.08,
  cancelled: 0.25,
};

/** A fault that was injected. The key names it in every run of the same seed. */
export interface InjectedFault {
  readonly key: string;
  readonly kind: FaultKind;
}

/**
 * Decides which faults one run has. Each hangs on what it hits, so that leaving one out leaves the others where they
 * were, as far as the run still comes past them.
 */
export class Faults {
  readonly injected: InjectedFault[] = [];
  private readonly known = new Set<string>();
  private readonly counts = new Map<string, number>();
  private readonly active: ReadonlySet<string>;

  /**
   * @param without keys of faults to leave out
   * @param isOver true once the run is to come to rest
   */
  constructor(
    private readonly rates: FaultRates,
    private readonly random: KeyedRandom,
    private readonly without: ReadonlySet<string>,
    private readonly isOver: () => boolean,
    private readonly onInjected: (text: string) => void,
  ) {
    this.active = new Set(
      Object.keys(rates).filter((kind) => random.chance(0.5, `has faults of kind ${kind}`)),
    );
  }

  /** Whether this fault hits this subject now. A subject that comes by again has another fate. */
  strikes(kind: FaultKind, subject: string, detail = ''): boolean {
    if (!this.active.has(kind) || this.isOver()) return false;
    const place = `${kind}: ${subject}`;
    const count = 1 + (this.counts.get(place) ?? 0);
    this.counts.set(place, count);
    return this.isHit(kind, count === 1 ? place : `${place} (${count})`, detail);
  }

  /** Whether this fault has hit this subject for good, however often it comes by. */
  lasts(kind: FaultKind, subject: string): boolean {
    if (!this.active.has(kind) || this.isOver()) return false;
    return this.isHit(kind, `${kind}: ${subject}`, '');
  }

  /** The same, and it stays so when no new fault comes any more. */
  staysFor(kind: FaultKind, subject: string): boolean {
    return this.known.has(`${kind}: ${subject}`) || this.lasts(kind, subject);
  }

  private isHit(kind: FaultKind, key: string, detail: string): boolean {
    if (!this.random.chance(this.rates[kind], key) || this.without.has(key)) return false;
    if (this.known.has(key)) return true;
    this.known.add(key);
    this.injected.push({ key, kind });
    this.onInjected(`FAULT ${key}${detail}`);
    return true;
  }
}
