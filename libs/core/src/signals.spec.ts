import { describe, expect, it } from '@jest/globals';
import { given, type Story } from '@skald/testing';
import { signal } from './contract.js';
import { OrderInput } from './order.fixture.js';
import { saga } from './saga.js';

class Progress {
  percent!: number;
  text?: string;
}
const Approved = signal('approved', { data: Progress });
const Progressed = signal('progressed', { data: Progress });
const Waiting = saga('waiting', { version: 1, input: OrderInput })
  .sleep('rest', '1h')
  .waitFor('approval', { signals: [Approved], as: 'approval' })
  .waitFor('progress', { signals: [Progressed], as: 'progress' })
  .build(({ approval, progress }) => ({ approval: approval.data.percent, progress: progress.data.percent }));

const flooded = (): Story => {
  const story: Story = given(Waiting, { item: 'hat', amount: 1 });
  for (let percent = 1; percent <= 100; percent += 1) story.signal(Progressed, { percent });
  return story;
};

describe('a flood of one signal (P13)', () => {
  it('does not keep the saga from the one that it waits for', () => {
    flooded().advance('1h').signal(Approved, { percent: 7 }).expectCompleted({ approval: 7, progress: 1 });
  });

  it('does not keep others from being kept that are waited for later', () => {
    flooded().signal(Approved, { percent: 7 }).advance('1h').expectCompleted({ approval: 7, progress: 1 });
  });

  it('is refused for itself, and what came before stays', () => {
    const story = flooded().expectRefused('inbox_full', (one) => one.signal(Progressed, { percent: 101 }));
    expect(story.instance.inbox).toHaveLength(100);
    story.operate({ kind: 'suspend' }).signal(Approved, { percent: 7 }).operate({ kind: 'resume' });
    story.advance('1h').expectCompleted({ approval: 7, progress: 1 });
  });
});

describe('signals of much data', () => {
  const text = 'é'.repeat(150_000);
  const full = (): Story => {
    const story: Story = given(Waiting, { item: 'hat', amount: 1 });
    for (let percent = 1; percent <= 3; percent += 1) story.signal(Progressed, { percent, text });
    return story;
  };

  it('are kept up to 1 MB together, and what is awaited is taken however much is kept', () => {
    const story = full().expectRefused('inbox_full', (one) => one.signal(Progressed, { percent: 4, text }));
    story.expectRefused('inbox_full', (one) => one.signal(Approved, { percent: 7, text }));
    story.signal(Progressed, { percent: 4 }).advance('1h').signal(Approved, { percent: 7, text });
    story.expectCompleted({ approval: 7, progress: 1 });
  });

  it('are taken when they are awaited, though the saga is suspended: but only one', () => {
    const story = full().advance('1h').operate({ kind: 'suspend' }).signal(Approved, { percent: 7, text });
    story.expectRefused('inbox_full', (one) => one.signal(Approved, { percent: 8, text }));
    story.operate({ kind: 'resume' }).expectCompleted({ approval: 7, progress: 1 });
  });
});

describe('two waits of a saga with signals of one name', () => {
  class Amount {
    amount!: number;
  }
  const twice = (second: typeof Progressed): unknown =>
    saga('twice', { version: 1, input: OrderInput })
      .waitFor('first', { signals: [Progressed], as: 'first' })
      .waitFor('second', { signals: [second], as: 'second' })
      .build();

  it('are refused when their data are of different classes: a signal comes with its name alone', () => {
    const other = signal('progressed', { data: Amount });
    expect(() =>
      saga('twice', { version: 1, input: OrderInput })
        .waitFor('first', { signals: [Progressed] })
        .waitFor('second', { signals: [Approved, other] })
        .build(),
    ).toThrow(/'twice', step 'second', option 'signals': 'progressed' has another class of data in 'first'/);
  });

  it('are welcome when their data are of one class', () => {
    expect(() => twice(Progressed)).not.toThrow();
    expect(() => twice(signal('progressed', { data: Progress }))).not.toThrow();
  });
});
