import { type AnySaga, findNode } from './definition.js';
import { reasonText, type SagaEvent, type Transition } from './events.js';
import type { Direction } from './ids.js';
import { type ExchangeState, exchangeOf, isEnded, isOpen, type SagaInstance } from './instance.js';
import { refused, turnBackProblem } from './outside.js';
import { effectivePolicy } from './policy.js';
import { Turn } from './turn.js';

type OperatorEvent = Extract<SagaEvent, { kind: 'operator' }>;

/** What an operator may do to an instance. Each is refused where it makes no sense, saying what could be done instead. */
export function onOperator(definition: AnySaga, instance: SagaInstance, event: OperatorEvent): Transition {
  const { action } = event;
  const turn = new Turn(definition, instance, event);
  const problem = problemWith(turn, instance, event);
  if (problem !== undefined) return refused(instance, problem.code, problem.message);
  switch (action.kind) {
    case 'suspend':
      turn.suspend(byOperator(event));
      break;
    case 'resume':
      resume(turn);
      break;
    case 'retry':
      retry(turn, commandActedOn(definition, instance));
      break;
    case 'skip':
      takeForDone(turn, instance, commandActedOn(definition, instance), action.output);
      break;
    case 'force-forward':
      takeForDone(turn, instance, stuckOn(instance), undefined);
      break;
    case 'edit':
      edit(turn, instance, action.data);
      break;
    case 'repair':
      edit(turn, instance, action.data);
      retry(turn, stuckOn(instance));
      break;
    case 'compensate':
      compensate(turn, instance, event);
      break;
    case 'terminate':
      turn.terminate();
      break;
    case 'remove':
      turn.publish('removed');
      turn.effects.push({ kind: 'remove' });
      break;
  }
  return turn.end();
}

type Problem = { readonly code: string; readonly message: string } | undefined;

function problemWith(turn: Turn, instance: SagaInstance, { action }: OperatorEvent): Problem {
  const { id, status } = instance;
  if (action.kind === 'remove') {
    if (isEnded(status)) return undefined;
    return {
      code: 'not_ended',
      message: `saga '${id}' is ${status}; only an ended saga can be removed, terminate it first`,
    };
  }
  if (isEnded(status)) return { code: 'ended', message: `saga '${id}' has ended: ${status}` };
  switch (action.kind) {
    case 'suspend':
      return status === 'suspended'
        ? { code: 'suspended', message: `saga '${id}' is suspended already` }
        : undefined;
    case 'terminate':
      return undefined;
    case 'compensate':
      return compensateProblem(turn, instance);
    default:
      if (status !== 'suspended') {
        return {
          code: 'not_suspended',
          message: `saga '${id}' is ${status}; suspend it first, or let it go on`,
        };
      }
  }
  switch (action.kind) {
    case 'resume':
      return stuckOn(instance) === undefined
        ? undefined
        : {
            code: 'stuck',
            message: `saga '${id}' is stuck on '${instance.suspension?.step}': retry, skip or repair that step, or compensate`,
          };
    case 'edit':
    case 'repair':
      return editProblem(turn.definition, action.data);
    case 'retry':
      return isStuck(turn.definition, instance) ? undefined : notStuck(id);
    case 'skip':
      return isStuck(turn.definition, instance) ? skipProblem(turn, instance, action.output) : notStuck(id);
    case 'force-forward':
      return forceProblem(instance);
    default:
      return undefined;
  }
}

function notStuck(id: string): Problem {
  const message = `saga '${id}' is not stuck on a step, nor has it the command of one step alone in hand; resume it`;
  return { code: 'not_stuck', message };
}

/** A command of an instance: that of a visit, in a direction. */
interface Place {
  readonly index: number;
  readonly direction: Direction;
}

/**
 * The command that `retry` and `skip` are about: the one that the saga is suspended for; or, of a saga that a person stopped, the
 * one that it has in hand. Nothing where it has several in hand, and where it is stopped by anything else.
 */
export function commandActedOn(definition: AnySaga, instance: SagaInstance): Place | undefined {
  return stuckOn(instance) ?? inHand(definition, instance);
}

/** A child saga has operators of its own, and a probe ends by itself. */
function inHand(definition: AnySaga, { suspension, visits }: SagaInstance): Place | undefined {
  if (suspension?.outcome !== 'operator') return undefined;
  const open: Place[] = [];
  for (const [index, { step, action, undo, probe }] of visits.entries()) {
    if (findNode(definition, step)?.kind !== 'step') continue;
    if (isOpen(action)) open.push({ index, direction: 'do' });
    if (isOpen(undo)) open.push({ index, direction: 'undo' });
    if (isOpen(probe)) return undefined;
  }
  return open.length === 1 ? open[0] : undefined;
}

/** The command that the saga is suspended for; nothing when it is stopped for another reason. */
function stuckOn(instance: SagaInstance): Place | undefined {
  const { suspension, visits } = instance;
  if (suspension?.direction === undefined) return undefined;
  const { direction, step } = suspension;
  const index = visits.findLastIndex((visit) => {
    const state = exchangeOf(visit, direction)?.state;
    return visit.step === step && state !== undefined && HAS_FAILED.has(state);
  });
  return index < 0 ? undefined : { index, direction };
}

const HAS_FAILED: ReadonlySet<ExchangeState> = new Set(['rejected', 'failed', 'unknown']);

/** Stuck on a command, on a function of the definition that threw, or on too many visits; or stopped with a command in hand. */
function isStuck(definition: AnySaga, instance: SagaInstance): boolean {
  const { suspension } = instance;
  return (
    commandActedOn(definition, instance) !== undefined ||
    (suspension !== undefined && suspension.outcome !== 'operator')
  );
}

function compensateProblem(turn: Turn, instance: SagaInstance): Problem {
  const stuck = stuckOn(instance);
  const node = stuck && turn.nodeOf(stuck.index);
  // Whether the pivot took effect is what nobody knows: by compensating, the operator says that it did not.
  if (stuck?.direction === 'do' && node?.kind === 'step' && node.class === 'pivot') return undefined;
  return turnBackProblem(turn, instance);
}

function forceProblem(instance: SagaInstance): Problem {
  const stuck = stuckOn(instance);
  if (stuck?.direction === 'do') return undefined;
  return {
    code: 'not_stuck_forward',
    message: `saga '${instance.id}' is not stuck on a step on its way forward; use skip for a compensation, or resume`,
  };
}

function skipProblem(turn: Turn, instance: SagaInstance, output: unknown): Problem {
  const place = commandActedOn(turn.definition, instance);
  const isForward = place === undefined ? instance.resumeTo !== 'compensating' : place.direction === 'do';
  const name = (place === undefined ? instance.suspension?.step : turn.visit(place.index).step) ?? '';
  const node = findNode(turn.definition, name);
  if (node === undefined || (isForward && place === undefined && !turn.standsAt(name))) {
    return { code: 'not_a_step', message: `'${name}' is no step that it stands at; use repair` };
  }
  if (!isForward || turn.undecided() === name) return undefined;
  if (node.as !== undefined && output === undefined) {
    return {
      code: 'output_needed',
      message: `later steps read the reply of '${name}' as '${node.as}': supply an output in its place`,
    };
  }
  return undefined;
}

function editProblem(definition: AnySaga, data: Readonly<Record<string, unknown>>): Problem {
  const known = new Set([
    'input',
    ...definition.nodes.map(({ as }) => as),
    ...definition.calls.map(({ as }) => as),
  ]);
  const unknown = Object.keys(data).filter((name) => !known.has(name));
  if (unknown.length === 0) return undefined;
  const names = [...known].filter((name) => name !== undefined).join(', ');
  return {
    code: 'unknown_data',
    message: `saga '${definition.name}' has no data '${unknown.join("', '")}'; it has ${names}`,
  };
}

function byOperator({ note }: OperatorEvent): {
  step: string;
  outcome: 'operator';
  code: string;
  message: string;
} {
  return { step: '', outcome: 'operator', code: 'operator', message: reasonText(note.reason) };
}

/** What was pending while it stood still gets its whole time again: nobody could have taken the reply. */
function resume(turn: Turn): void {
  turn.unsuspend();
  for (const [index, visit] of turn.allVisits().entries()) {
    for (const direction of ['do', 'undo', 'probe'] as const) {
      const exchange = exchangeOf(visit, direction);
      const node = turn.nodeOf(index);
      if (!isOpen(exchange) || exchange.state !== 'pending' || node.kind === 'wait') continue;
      const { timeoutMs } = effectivePolicy(turn.definition, node, direction);
      if (timeoutMs !== undefined) {
        turn.settle(index, direction, { ...exchange, dueAt: turn.event.at + timeoutMs });
      }
    }
  }
  turn.advance();
}

/** Sends that command again; the attempts so far no longer count. */
function retry(turn: Turn, place: Place | undefined): void {
  if (place === undefined) {
    resume(turn);
    return;
  }
  turn.unsuspend();
  const { index, direction } = place;
  const { attempt = 0, state, round = 1, unanswered = 0 } = exchangeOf(turn.visit(index), direction) ?? {};
  if (state === 'rejected') {
    // The participant would only repeat a no that it keeps.
    turn.send(index, direction, { attempt: 1, round: round + 1 });
    return;
  }
  const again = { attempt: attempt + 1, forgiven: attempt, ...(round > 1 && { round }) };
  // Of the attempt that is in hand nobody knows how it ended.
  const unknown = unanswered + 1;
  turn.send(index, direction, state === 'pending' ? { ...again, unanswered: unknown } : again);
}

function takeForDone(turn: Turn, instance: SagaInstance, place: Place | undefined, output: unknown): void {
  turn.unsuspend();
  if (place !== undefined) {
    const { index, direction } = place;
    if (direction === 'do') {
      turn.succeed(index, output);
    } else {
      const { attempt } = exchangeOf(turn.visit(index), direction) ?? { attempt: 1 };
      turn.settle(index, direction, { state: 'succeeded', attempt });
    }
  } else {
    turn.passOver(instance.suspension?.step ?? '', output);
  }
  turn.advance();
}

/** What is edited while the saga is stuck on a command is what that command sees, and otherwise what all later ones do. */
function edit(turn: Turn, instance: SagaInstance, data: Readonly<Record<string, unknown>>): void {
  const index = stuckOn(instance)?.index;
  for (const [name, value] of Object.entries(data)) turn.mend(name, value, index);
}

function compensate(turn: Turn, instance: SagaInstance, event: OperatorEvent): void {
  const stuck = stuckOn(instance);
  if (stuck?.direction === 'do') {
    const node = turn.nodeOf(stuck.index);
    const { action } = turn.visit(stuck.index);
    if (node.kind === 'step' && node.class === 'pivot') {
      turn.settle(stuck.index, 'do', { ...action, state: 'absent' });
    }
  }
  turn.turnBack({ ...byOperator(event), outcome: 'cancelled', code: 'compensated_by_operator' });
}
