import { type AnySaga, type Message, RequestType, type SagaInstance, topics } from '@skald/core';
import type { Bus } from './bus.js';
import type { EventLoop } from './event-loop.js';
import type { Faults } from './faults.js';
import type { KeyedRandom } from './keyed-random.js';

/** Builds the data of a signal or the request of a call. */
export type SimulatedData = Readonly<Record<string, (random: KeyedRandom) => object>>;

export interface OutsideWorldOptions {
  readonly namespace: string;
  readonly loop: EventLoop;
  readonly faults: Faults;
  readonly random: KeyedRandom;
  readonly bus: Bus;
  readonly data: SimulatedData;
}

/** Most sagas are over after this many milliseconds. */
const WINDOW_MS = 30_000;

/** Whoever starts sagas, and sends them signals, calls and cancels at moments of its own. */
export class OutsideWorld {
  /** What it still has to send. */
  planned = 0;
  /** Ids of the calls that it has planned. */
  readonly calls = new Set<string>();

  constructor(private readonly options: OutsideWorldOptions) {}

  /** @param life which saga of this id it is, from 1 */
  start(id: string, { name }: AnySaga, input: object, life: number): void {
    const { random } = this.options;
    const own = nameOf('start', life);
    this.plan(id, own, RequestType.start, { definition: name, input }, true);
    // Whoever is not sure starts it again, with the same id.
    if (random.chance(0.2, nameOf('starts twice', life))) {
      this.plan(id, `${own} again`, RequestType.start, { definition: name, input });
    }
  }

  /** A saga has begun: what it waits for and answers will come, or not. */
  meet({ id: sagaId }: SagaInstance, definition: AnySaga, life: number): void {
    const { random, faults, data } = this.options;
    const id = nameOf(sagaId, life);
    for (const node of definition.nodes) {
      if (node.kind !== 'wait') continue;
      for (const { name } of node.signals) {
        for (
          let number = 1;
          random.chance(0.6, `${id} gets '${name}' ${number}`) && number <= 4;
          number += 1
        ) {
          const message = nameOf(`signal ${name} ${number}`, life);
          const content = data[name]?.(random.inside(`${id} ${message}`)) ?? {};
          this.plan(sagaId, message, RequestType.signal, { signal: name, data: content });
        }
      }
    }
    for (const { call } of definition.calls) {
      for (
        let number = 1;
        random.chance(0.5, `${id} is called '${call.name}' ${number}`) && number <= 4;
        number += 1
      ) {
        const message = nameOf(`call ${call.name} ${number}`, life);
        const content = data[call.name]?.(random.inside(`${id} ${message}`)) ?? {};
        this.plan(sagaId, message, RequestType.call, { call: call.name, data: content });
      }
    }
    if (faults.strikes('cancelled', id)) {
      this.plan(sagaId, nameOf('cancel', life), RequestType.cancel, { reason: 'the simulation wants it' });
    }
  }

  private plan(sagaId: string, name: string, type: string, data: object, isAtOnce = false): void {
    const { loop, random, bus, namespace } = this.options;
    const id = `${sagaId}, ${name}`;
    // Many things happen in the first second, some long after.
    const moment = random.number(`moment of ${id}`) ** 3;
    if (type === RequestType.call) this.calls.add(id);
    this.planned += 1;
    loop.plan(isAtOnce ? 0 : Math.floor(moment * WINDOW_MS), () => {
      this.planned -= 1;
      const message: Message = {
        specversion: '1.0',
        id,
        source: '/simulation',
        type,
        namespace,
        sagaid: sagaId,
        data,
      };
      bus.append({ topic: topics.requests(namespace), message });
    });
  }
}

/** The first life has no number, so that a run without a second one is what it would be without this. */
function nameOf(what: string, life: number): string {
  return life === 1 ? what : `${what}, life ${life}`;
}
