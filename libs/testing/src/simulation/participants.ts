import {
  type AnySaga,
  type CommandContract,
  DefinitionError,
  isRecord,
  type Message,
  type ReplyOutcome,
  replyMessage,
  templateOf,
} from '@skald/core';
import { validateData } from '@skald/ports';
import type { Bus } from './bus.js';
import type { EventLoop } from './event-loop.js';
import type { Faults } from './faults.js';
import type { KeyedRandom } from './keyed-random.js';
import type { Ledger } from './ledger.js';

/** What a participant replies when it succeeds. Pure: the same command gets the same reply. */
export type SimulatedReply = (request: Readonly<Record<string, unknown>>, random: KeyedRandom) => object;
export type SimulatedReplies = Readonly<Record<string, SimulatedReply>>;

export interface ParticipantsOptions {
  readonly loop: EventLoop;
  readonly faults: Faults;
  readonly random: KeyedRandom;
  readonly ledger: Ledger;
  readonly bus: Bus;
  readonly contracts: ReadonlyMap<string, CommandContract>;
  readonly replies: SimulatedReplies;
  readonly note: (text: string) => void;
}

/** What a participant says whose reply the broker refuses for good: its command was handled all the same. */
const REFUSED: ReplyOutcome = { kind: 'failed', code: 'reply_refused', message: '' };
/** Attempts for which a participant that stays silent does so; the last stands for good. */
const SILENCES = [1, 2, 3, 1_000];
/** Where their messages come from. */
export const PARTICIPANT = '/simulation/participant';
const FAILURES = [1, 1, 2, 4, 1_000];

/** All participants: they take commands, keep their ledger behind the barrier, and reply. */
export class Participants {
  /** Replies that are being worked on. */
  busy = 0;

  constructor(private readonly options: ParticipantsOptions) {}

  take(command: Message): void {
    const { loop, random, faults, ledger, bus, note } = this.options;
    const { id } = command;
    const attempt = command.attempt ?? 1;
    if (this.isStruck('silent', id, attempt, SILENCES)) return;
    const outcome = ledger.handle(command, () => this.decide(command, attempt));
    note(`${outcome.kind}: ${id}${attempt === 1 ? '' : `, attempt ${attempt}`}`);
    const isSlow = faults.strikes('slow', `${id} attempt ${attempt}`);
    const delay = isSlow
      ? random.between(2_000, 40_000, `slow ${id}`)
      : random.between(1, 20, `work ${id} ${attempt}`);
    this.busy += 1;
    loop.plan(delay, () => {
      this.busy -= 1;
      const reply = replyMessage(command, outcome, PARTICIPANT);
      const isRefused = bus.refusal(reply) !== undefined;
      bus.append(isRefused ? replyMessage(command, REFUSED, PARTICIPANT) : reply);
    });
  }

  private decide(command: Message, attempt: number): ReplyOutcome {
    const { faults, random, contracts, replies } = this.options;
    const { id, type } = command;
    const rejections = contracts.get(type)?.rejections ?? [];
    if (rejections.length > 0 && faults.strikes('rejected', id)) {
      return { kind: 'rejected', code: random.pick(rejections, `rejection of ${id}`), message: '' };
    }
    if (this.isStruck('failed', id, attempt, FAILURES)) {
      return { kind: 'failed', code: 'out_of_order', message: '' };
    }
    const reply = replies[type];
    const request = isRecord(command.data) ? command.data : {};
    const hasData = contracts.get(type)?.reply !== undefined;
    const data = hasData ? (reply?.(request, random.inside(`reply to ${id}`)) ?? {}) : null;
    return { kind: 'succeeded', data };
  }

  /** The first attempt decides for how many it lasts. */
  private isStruck(
    kind: 'silent' | 'failed',
    id: string,
    attempt: number,
    lengths: readonly number[],
  ): boolean {
    const { faults, random } = this.options;
    if (attempt > random.pick(lengths, `how long ${kind} ${id}`)) return false;
    return faults.lasts(kind, id);
  }
}

/**
 * All commands that the sagas send.
 *
 * @throws DefinitionError when a command's reply must have data and the simulation was not told which
 */
export function contractsOf(
  sagas: readonly AnySaga[],
  replies: SimulatedReplies,
): ReadonlyMap<string, CommandContract> {
  const contracts = new Map<string, CommandContract>();
  for (const { nodes } of sagas) {
    for (const node of nodes) {
      for (const direction of ['do', 'undo'] as const) {
        const contract = templateOf(node, direction)?.command;
        if (contract === undefined) continue;
        contracts.set(contract.type, contract);
        checkReply(contract, replies);
      }
    }
  }
  return contracts;
}

function checkReply({ type, reply }: CommandContract, replies: SimulatedReplies): void {
  if (reply === undefined || replies[type] !== undefined) return;
  const checked = validateData(reply, {});
  if (!('problems' in checked)) return;
  throw new DefinitionError(
    'simulation',
    'replies',
    `say what '${type}' replies: ${checked.problems.join('; ')}`,
  );
}
