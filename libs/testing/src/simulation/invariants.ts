import {
  type AnySaga,
  childId,
  commandIdOf,
  definitionRef,
  type Exchange,
  findNode,
  isEnded,
  LifecycleType,
  type SagaInstance,
  type SagaNode,
  type Visit,
} from '@skald/core';
import type { DefinitionRegistry } from '@skald/runtime';
import { pathProblem } from './path.js';
import type { Life } from './observed-store.js';
import { lifeName, type Outcome } from './run.js';

/**
 * What must hold when nothing is due any more, whatever has happened:
 * - the start was carried out, and every saga has ended, is suspended with a reason, or waits for what never came;
 * - histories are numbered without gaps, and ends are announced;
 * - completed: each step on a path that the definition allows took effect once, and nothing of it was undone;
 * - compensated: of each step that can be undone nothing remains, and the pivot took no effect;
 * - suspended or not: nothing was done twice, undone without having been done, or undone once the pivot took effect;
 *   what is undone is undone newest first;
 * - a child saga is where its parent believes it to be;
 * - an instance is removed only when it has ended, and a child saga not before its parent;
 * - a call is answered alike however often it comes, and no message became a dead letter but those that were refused.
 *
 * @returns sentences about what does not hold
 */
export function violations(outcome: Outcome, definitions: DefinitionRegistry): string[] {
  const problems: string[] = [];
  if (!outcome.cameToRest) problems.push('something is still due after hours of virtual time');
  if (outcome.main === undefined) problems.push('the saga was never started');
  for (const life of outcome.store.lives()) {
    const { instance } = life;
    const definition = definitions.byReference(definitionRef(instance.definition));
    if (definition === undefined) continue;
    const check = new InstanceCheck(life, definition, outcome);
    problems.push(...check.problems().map((problem) => `saga '${instance.id}': ${problem}`));
  }
  return [...problems, ...strayEffects(outcome), ...messageProblems(outcome)];
}

/** Checks one instance against its definition, the ledger and its children. */
class InstanceCheck {
  private readonly found: string[] = [];
  private readonly instance: SagaInstance;

  constructor(
    private readonly life: Life,
    private readonly definition: AnySaga,
    private readonly outcome: Outcome,
  ) {
    this.instance = life.instance;
  }

  problems(): readonly string[] {
    this.checkRest();
    this.checkHistory();
    this.checkAnnounced();
    for (const visit of this.instance.visits) this.checkVisit(visit);
    this.checkPivot();
    this.checkUndoOrder();
    if (this.instance.status === 'completed') {
      this.say(pathProblem(this.instance, this.definition));
    }
    return this.found;
  }

  private say(problem: string | undefined): void {
    if (problem !== undefined) this.found.push(problem);
  }

  private checkRest(): void {
    const { status, suspension, visits } = this.instance;
    if (isEnded(status)) return;
    if (this.isGone) this.say(`it was removed while it was ${status}`);
    if (!this.outcome.cameToRest) return;
    if (status === 'suspended') {
      if (suspension === undefined) this.say('it is suspended without a reason');
      return;
    }
    const waits = visits.some((visit) => this.waitsForOutside(visit));
    if (!waits) this.say(`it is ${status}, and nothing will ever happen to it`);
  }

  /** A signal that nobody sent, or a child saga that itself waits or is suspended. */
  private waitsForOutside(visit: Visit): boolean {
    const node = this.node(visit);
    if (node.kind === 'wait') return isPending(visit.action) && visit.action.dueAt === undefined;
    if (node.kind !== 'child') return false;
    const child = this.child(visit);
    return (
      (isPending(visit.action) || isPending(visit.undo)) && child !== undefined && !isEnded(child.status)
    );
  }

  private checkHistory(): void {
    const { revision } = this.instance;
    const numbers = this.life.history.map(({ sequence }) => sequence);
    const isWhole = numbers.length === revision && numbers.every((number, index) => number === index + 1);
    if (!isWhole) this.say(`revision ${revision}, but its history is numbered ${numbers.join(' ')}`);
  }

  private checkAnnounced(): void {
    const { id, incarnation, status } = this.instance;
    if (!this.outcome.cameToRest || status === 'running') return;
    // The mark that a child saga must not start: there is nobody to tell.
    if (this.life.history[0]?.cause.kind === 'undone') return;
    const type = LifecycleType[status];
    if (!this.outcome.announced.get(lifeName(id, incarnation))?.has(type))
      this.say(`nobody was told that it is ${status}`);
  }

  private checkVisit(visit: Visit): void {
    const node = this.node(visit);
    if (node.kind === 'step') this.checkStep(visit, node);
    if (node.kind === 'child') this.checkChild(visit);
  }

  private checkStep(visit: Visit, node: Extract<SagaNode, { kind: 'step' }>): void {
    const { ledger } = this.outcome;
    const id = commandIdOf(this.instance, visit, 'do');
    const [done, undone] = [ledger.done(id), ledger.undone(id)];
    const { state } = visit.action;
    const name = `'${visit.step}' (visit ${visit.visit}, ${state})`;
    if (done > 1 || undone > done) this.say(`${name} was done ${done} times and undone ${undone} times`);
    if (state === 'succeeded' && done !== 1)
      this.say(`${name} counts as done, and took effect ${done} times`);
    if ((state === 'rejected' || state === 'absent') && done !== 0) {
      this.say(`${name} counts as not done, and took effect`);
    }
    switch (this.instance.status) {
      case 'completed':
        if (undone > 0) this.say(`the saga is completed, and ${name} was undone`);
        if (state !== 'succeeded' && state !== 'rejected') this.say(`the saga is completed without ${name}`);
        break;
      case 'compensated':
        if (node.undo !== undefined && done !== undone) {
          this.say(`the saga is compensated, and the effect of ${name} remains`);
        }
        break;
      case 'running':
        if (undone > 0) this.say(`the saga is on its way forward, and ${name} was undone`);
        break;
      case 'compensating':
      case 'suspended':
      case 'terminated':
        break;
    }
  }

  private checkChild(visit: Visit): void {
    const { instance: child, isGone } = this.childLife(visit);
    const name = `the child saga of '${visit.step}' (visit ${visit.visit})`;
    const doId = commandIdOf(this.instance, visit, 'do');
    if (child !== undefined && child.parent?.doId !== doId) this.say(`${name} has another parent`);
    const { status } = this.instance;
    const state = visit.action.state;
    if (isGone && !this.isGone) this.say(`${name} was removed, and the saga is there`);
    if (state === 'succeeded' && visit.undo === undefined && child?.status !== 'completed') {
      this.say(`${name} counts as completed, and is ${child?.status ?? 'nowhere'}`);
    }
    if (state === 'rejected' && child !== undefined && child.status !== 'compensated') {
      this.say(`${name} counts as not done, and is ${child.status}`);
    }
    if (status === 'compensated' && child !== undefined && child.status !== 'compensated') {
      this.say(`the saga is compensated, and ${name} is ${child.status}`);
    }
    if (visit.undo?.state === 'succeeded' && child?.status !== 'compensated') {
      this.say(`${name} counts as undone, and is ${child?.status ?? 'nowhere'}`);
    }
  }

  private checkPivot(): void {
    const { ledger } = this.outcome;
    const { status, visits } = this.instance;
    const pivots = visits.filter((visit) => {
      const node = this.node(visit);
      return node.kind === 'step' && node.class === 'pivot';
    });
    const hasHappened = pivots.some((visit) => ledger.done(commandIdOf(this.instance, visit, 'do')) > 0);
    if (!hasHappened) return;
    if (status === 'compensated' || status === 'compensating') {
      this.say(`its pivot took effect, and it is ${status}`);
    }
    const isUndone = visits.some((visit) => ledger.undone(commandIdOf(this.instance, visit, 'do')) > 0);
    if (isUndone) this.say('its pivot took effect, and earlier steps were undone');
  }

  private checkUndoOrder(): void {
    const places = new Map(
      this.instance.visits.map((visit, index) => [commandIdOf(this.instance, visit, 'do'), index]),
    );
    let last = Number.POSITIVE_INFINITY;
    for (const { compensates } of this.outcome.ledger.entries) {
      const place = compensates === undefined ? undefined : places.get(compensates);
      if (place === undefined) continue;
      if (place > last)
        this.say(`'${this.instance.visits[place]?.step}' was undone after what came before it`);
      last = place;
    }
  }

  private node(visit: Visit): SagaNode {
    const node = findNode(this.definition, visit.step);
    if (node === undefined) throw new Error(`there is no step '${visit.step}'`);
    return node;
  }

  private child(visit: Visit): SagaInstance | undefined {
    return this.childLife(visit).instance;
  }

  private childLife(visit: Visit): { readonly instance: SagaInstance | undefined; readonly isGone: boolean } {
    const { instances, removed } = this.outcome.store;
    const id = childId(this.instance, visit);
    const gone = removed.findLast(({ instance }) => instance.id === id)?.instance;
    return { instance: instances.get(id) ?? gone, isGone: gone !== undefined };
  }

  private get isGone(): boolean {
    return this.outcome.store.instances.get(this.instance.id) !== this.instance;
  }
}

function isPending(exchange: Exchange | undefined): boolean {
  return exchange?.state === 'pending';
}

/** Effects of commands that no saga knows of. */
function strayEffects({ ledger, store }: Outcome): string[] {
  const problems: string[] = [];
  const known = new Set(
    store
      .lives()
      .flatMap(({ instance }) =>
        instance.visits.flatMap((visit) =>
          (['do', 'undo', 'probe'] as const).map((direction) => commandIdOf(instance, visit, direction)),
        ),
      ),
  );
  for (const { commandId } of ledger.entries) {
    if (!known.has(commandId)) problems.push(`${commandId} took effect, and no saga knows of it`);
  }
  return problems;
}

/** Codes with which a request may be refused though nobody has done anything wrong. */
const REFUSALS: ReadonlySet<string> = new Set([
  'unknown_saga',
  'ended',
  'compensating',
  'past_pivot',
  'inbox_full',
]);
/** And when an id is used again: copies of what was meant for one saga reach the next. */
const REFUSALS_OF_NEXT: ReadonlySet<string> = new Set([...REFUSALS, 'saga_exists', 'unknown_parent']);

function messageProblems({ deadLetters, answers, store }: Outcome): string[] {
  const problems: string[] = [];
  const isReused = store.removed.length > 0;
  const refusals = isReused ? REFUSALS_OF_NEXT : REFUSALS;
  for (const { delivery, code, reason } of deadLetters) {
    // A copy of a call whose answer is remembered no more.
    if (code === 'answered_before' && answers.has(delivery.message.id)) continue;
    if (!refusals.has(code)) problems.push(`dead letter ${delivery.message.id}: ${code}, ${reason}`);
  }
  for (const [call, given] of answers) {
    if (given.size > 1 && !isReused) problems.push(`'${call}' was answered in ${given.size} ways`);
  }
  return problems;
}
