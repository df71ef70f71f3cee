import { commandActedOn, type CommandPlace, stepsInHand, stuckOn } from './command-acted-on.js';
import { type AnySaga, findNode } from './definition.js';
import { reasonText, type SagaEvent, type Transition } from './events.js';
import { exchangeOf, isEnded, isOpen, type SagaInstance } from './instance.js';
import { refused, turnBackProblem } from './outside.js';
import { effectivePolicy } from './policy.js';
import { printable } from './text.js';
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
      retry(turn, commandActedOn(definition, instance, action.step));
      break;
    case 'skip':
      takeForDone(turn, instance, commandActedOn(definition, instance, action.step), action.output);
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
      return stuckProblem(turn.definition, instance, action.step);
    case 'skip':
      return (
        stuckProblem(turn.definition, instance, action.step) ??
        skipProblem(turn, instance, commandActedOn(turn.definition, instance, action.step), action.output)
      );
    case 'force-forward':
      return forceProblem(instance);
    default:
      return undefined;
  }
}

/** Stuck on a command, on a function of the definition that threw, or on too many visits; or stopped with a command in hand. */
function stuckProblem(definition: AnySaga, instance: SagaInstance, step: string | undefined): Problem {
  if (commandActedOn(definition, instance, step) !== undefined) return undefined;
  const { id, suspension } = instance;
  const isNamed = step !== undefined && step !== suspension?.step;
  if (!isNamed && suspension !== undefined && suspension.outcome !== 'operator') return undefined;
  const inHand = stepsInHand(definition, instance).map((name) => `'${name}'`);
  if (isNamed) {
    const others = inHand.length === 0 ? '' : `; it has in hand those of ${inHand.join(', ')}`;
    const message = `saga '${id}' has no command of a step '${printable(step, 100)}' in hand that could be sent again or taken for done${others}`;
    return { code: 'not_in_hand', message };
  }
  const which = inHand.length > 1 ? `name one of the steps ${inHand.join(', ')}, or resume it` : 'resume it';
  const message = `saga '${id}' is not stuck on a step, nor has it the command of one step alone in hand; ${which}`;
  return { code: 'not_stuck', message };
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

function skipProblem(
  turn: Turn,
  instance: SagaInstance,
  place: CommandPlace | undefined,
  output: unknown,
): Problem {
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

function resume(turn: Turn): void {
  goOn(turn);
  turn.advance();
}

/** What was pending while it stood still gets its whole time again: nobody could have taken the reply. */
function goOn(turn: Turn): void {
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
}

/** Sends that command again; the attempts so far no longer count. */
function retry(turn: Turn, place: CommandPlace | undefined): void {
  if (place === undefined) {
    resume(turn);
    return;
  }
  goOn(turn);
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

function takeForDone(
  turn: Turn,
  instance: SagaInstance,
  place: CommandPlace | undefined,
  output: unknown,
): void {
  goOn(turn);
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
