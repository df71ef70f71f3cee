import fc from 'fast-check';
import { call, command, signal } from './contract.js';
import type { AnySaga } from './definition.js';
import { saga } from './saga.js';

/** One node of a random saga, before it has a name. Numbers choose among what is there when it is built. */
export type Sketch =
  | {
      readonly kind: 'step';
      readonly hasUndo: boolean;
      readonly hasProbe: boolean;
      readonly keeps: boolean;
      /** Which earlier node to go back to when the reply says so. */
      readonly jump: number | undefined;
      readonly onRejected: number | undefined;
    }
  | { readonly kind: 'child'; readonly keeps: boolean }
  | { readonly kind: 'parallel'; readonly arms: readonly Sketch[] }
  | { readonly kind: 'branch'; readonly arms: readonly (readonly Sketch[])[] }
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'wait'; readonly keeps: boolean; readonly timeout: boolean; readonly both: boolean };

export interface SagaSketch {
  readonly before: readonly Sketch[];
  /** `undefined`: the saga has no pivot. */
  readonly after: readonly Sketch[] | undefined;
  readonly pivotHasProbe: boolean;
  readonly pivotOnRejected: number | undefined;
  readonly deadline: boolean;
}

const step = fc.record({
  kind: fc.constant('step' as const),
  hasUndo: fc.boolean(),
  hasProbe: fc.boolean(),
  keeps: fc.boolean(),
  jump: fc.option(fc.nat(20), { nil: undefined, freq: 2 }),
  onRejected: fc.option(fc.nat(20), { nil: undefined, freq: 2 }),
});
const child = fc.record({ kind: fc.constant('child' as const), keeps: fc.boolean() });
const pause = fc.record({ kind: fc.constant('sleep' as const), ms: fc.nat(20_000) });
const wait = fc.record({
  kind: fc.constant('wait' as const),
  keeps: fc.boolean(),
  timeout: fc.boolean(),
  both: fc.boolean(),
});

/** @param parts what may stand beside each other in a parallel */
function sketches(parts: fc.Arbitrary<Sketch>, depth: number): fc.Arbitrary<readonly Sketch[]> {
  const parallel = fc.record({
    kind: fc.constant('parallel' as const),
    arms: fc.array(parts, { minLength: 2, maxLength: 3 }),
  });
  const simple: fc.Arbitrary<Sketch>[] = [step, parts, pause, wait, parallel];
  const branch = fc.record({
    kind: fc.constant('branch' as const),
    arms: fc.array(depth === 0 ? fc.constant([]) : sketches(parts, depth - 1), {
      minLength: 1,
      maxLength: 3,
    }),
  });
  return fc.array(fc.oneof(...simple, branch), { maxLength: 4 });
}

/** Any saga that the language allows, of up to a handful of nodes on each side of the pivot. */
export const sagaSketch: fc.Arbitrary<SagaSketch> = fc.record({
  before: sketches(fc.oneof(step, child), 1),
  after: fc.option(sketches(step, 1), { nil: undefined }),
  pivotHasProbe: fc.boolean(),
  pivotOnRejected: fc.option(fc.nat(20), { nil: undefined }),
  deadline: fc.boolean(),
});

class Data {
  note?: string;
}
/** What a participant replies here: whether the saga shall go back. */
export interface Reply {
  readonly jump: boolean;
}
const Do = command('part.do', { request: Data, reply: Data, rejections: ['no', 'back'] });
const Undo = command('part.undo', { request: Data });
const Probe = command('part.probe', { request: Data, reply: Data });
export const GO = signal('go', { data: Data });
export const STOP = signal('stop', { data: Data });
export const ASK = call('ask', { request: Data, reply: Data });

/** The payload of every command: what its function saw. */
const seen = (data: object): { note: string } => ({ note: JSON.stringify(data) });

/** The language as plain JavaScript sees it. */
interface Language {
  step(name: string, options: object): Language;
  pivot(name: string, options: object): Language;
  retriable(name: string, options: object): Language;
  child(name: string, options: object): Language;
  parallel(name: string, fill: (arms: Language) => Language): Language;
  branch(name: string, choose: object, arms: Record<string, (arm: Language) => Language>): Language;
  sleep(name: string, until: number): Language;
  waitFor(name: string, options: object): Language;
  onCall(contract: object, options: object): Language;
  build(output: object): AnySaga;
}

type Side = 'before' | 'after';

/** Builds the saga through the public language, as a definition at run time would be. */
export function built(sketch: SagaSketch): AnySaga {
  const builder = new Builder();
  let draft = saga('random', {
    version: 1,
    input: Data,
    timeout: '10s',
    retry: { maximumAttempts: 2, initialInterval: '1s' },
    ...(sketch.deadline && { deadline: '1m' }),
  }) as unknown as Language;
  draft = builder.addAll(draft, sketch.before, 'before');
  if (sketch.before.length === 0) draft = draft.step('only', { send: Do, with: seen });
  if (sketch.after !== undefined) {
    draft = builder.addPivot(draft, sketch);
    draft = builder.addAll(draft, sketch.after, 'after');
  }
  draft = draft.onCall(ASK, {
    as: 'asked',
    handle: (data: { asked?: { times: number } }) => ({
      answer: { seen: Object.keys(data).length },
      keep: { times: 1 + (data.asked?.times ?? 0) },
    }),
  });
  return draft.build((data: object) => ({ seen: Object.keys(data).length }));
}

class Builder {
  private count = 0;
  /** Where a jump may lead. */
  private back: string[] = [];

  addAll(draft: Language, parts: readonly Sketch[], side: Side): Language {
    return parts.reduce((before, part) => this.add(before, part, side), draft);
  }

  addPivot(draft: Language, { pivotHasProbe, pivotOnRejected }: SagaSketch): Language {
    const pivot = draft.pivot('pivot', {
      send: Do,
      with: seen,
      as: 'pivoted',
      ...(pivotHasProbe && { probe: { send: Probe, with: seen } }),
      ...this.onRejected(pivotOnRejected),
    });
    this.back = [];
    return pivot;
  }

  private add(draft: Language, part: Sketch, side: Side, isArm = false): Language {
    this.count += 1;
    const name = `${part.kind} ${this.count}`;
    const as = 'keeps' in part && part.keeps ? { as: `as${this.count}` } : {};
    // A step may go back to itself, never into a parallel.
    if (!isArm) this.back.push(name);
    switch (part.kind) {
      case 'step':
        return this.addStep(draft, name, part, as, side, isArm);
      case 'child':
        return draft.child(name, { saga: { name: 'child', version: 1 }, with: seen, ...as });
      case 'parallel':
        return draft.parallel(name, (arms) =>
          part.arms.reduce((before, arm) => this.add(before, arm, side, true), arms),
        );
      case 'branch': {
        const ways = part.arms.map((arm, index) => {
          const fill = (way: Language): Language => this.addAll(way, arm, side);
          return [`way ${index}`, fill] as const;
        });
        const choose = (data: object): string => `way ${Object.keys(data).length % part.arms.length}`;
        return draft.branch(name, choose, Object.fromEntries(ways));
      }
      case 'sleep':
        return draft.sleep(name, part.ms);
      case 'wait':
        return draft.waitFor(name, {
          signals: part.both ? [GO, STOP] : [GO],
          ...as,
          ...(part.timeout && { timeout: '5s' }),
        });
    }
  }

  private addStep(
    draft: Language,
    name: string,
    part: Extract<Sketch, { kind: 'step' }>,
    as: { readonly as?: string },
    side: Side,
    isArm: boolean,
  ): Language {
    const options = { send: Do, with: seen, ...as, maximumVisits: 3 };
    const ways = isArm ? {} : { ...this.jump(part.jump, as.as), ...this.onRejected(part.onRejected) };
    if (side === 'after') return draft.retriable(name, { ...options, ...ways });
    return draft.step(name, {
      ...options,
      ...ways,
      ...(part.hasUndo && { undo: { send: Undo, with: seen } }),
      ...(part.hasProbe && { probe: { send: Probe, with: seen } }),
    });
  }

  private jump(choice: number | undefined, as: string | undefined): object {
    if (choice === undefined || as === undefined) return {};
    const target = this.back[choice % this.back.length];
    return { jump: (data: Record<string, Reply | null>) => (data[as]?.jump ? target : undefined) };
  }

  private onRejected(choice: number | undefined): object {
    if (choice === undefined || this.back.length === 0) return {};
    return { onRejected: { back: this.back[choice % this.back.length] } };
  }
}
