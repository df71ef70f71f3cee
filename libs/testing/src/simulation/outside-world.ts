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

  constructor(private readonly options: OutsideWorldOptions) {}

  start(id: string, { name }: AnySaga, input: object): void {
    const { random } = this.options;
    this.plan(id, 'start', RequestType.start, { definition: name, input });
    // Whoever is not sure starts it again, with the same id.
    if (random.chance(0.2, 'starts twice')) {
      this.plan(id, 'start again', RequestType.start, { definition: name, input });
    }
  }

  /** A saga has begun: what it waits for and answers will come, or not. */
  meet({ id }: SagaInstance, definition: AnySaga): void {
    const { random, faults, data } = this.options;
    for (const node of definition.nodes) {
      if (node.kind !== 'wait') continue;
      for (const { name } of node.signals) {
        for (
          let number = 1;
          random.chance(0.6, `${id} gets '${name}' ${number}`) && number <= 4;
          number += 1
        ) {
          const message = `signal ${name} ${number}`;
          const content = data[name]?.(random.inside(`${id} ${message}`)) ?? {};
          this.plan(id, message, RequestType.signal, { signal: name, data: content });
        }
      }
    }
    for (const { call } of definition.calls) {
      for (
        let number = 1;
        random.chance(0.5, `${id} is called '${call.name}' ${number}`) && number <= 4;
        number += 1
      ) {
        const message = `call ${call.name} ${number}`;
        const content = data[call.name]?.(random.inside(`${id} ${message}`)) ?? {};
        this.plan(id, message, RequestType.call, { call: call.name, data: content });
      }
    }
    if (faults.strikes('cancelled', id)) {
      this.plan(id, 'cancel', RequestType.cancel, { reason: 'the simulation wants it' });
    }
  }

  private plan(sagaId: string, name: string, type: string, data: object): void {
    const { loop, random, bus, namespace } = this.options;
    const id = `${sagaId}, ${name}`;
    const isFirst = type === RequestType.start && name === 'start';
    // Many things happen in the first second, some long after.
    const moment = random.number(`moment of ${id}`) ** 3;
    this.planned += 1;
    loop.plan(isFirst ? 0 : Math.floor(moment * WINDOW_MS), () => {
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
