import { describe, expect, it } from '@jest/globals';
import { command } from './contract.js';
import type { AnySaga } from './definition.js';
import { commandIdOf } from './instance.js';
import type { Direction } from './ids.js';
import type { Message } from './message.js';
import { owedMessage } from './owed-message.js';
import { OrderInput, OrderStory, START } from './order.fixture.js';
import { readMessage } from './read-message.js';
import { saga } from './saga.js';

const Do = command('payment.do', { request: OrderInput });
const Undo = command('payment.undo', { request: OrderInput });
const payload = ({ input }: { input: OrderInput }): OrderInput => input;

const Timed = saga('order', { version: 1, input: OrderInput, timeout: '10s', deadline: '1h' })
  .step('first', { send: Do, with: payload, timeout: '1.5s', undo: { send: Undo, with: payload } })
  .pivot('second', { send: Do, with: payload })
  .retriable('third', { send: Do, with: payload })
  .build();
const Endless = saga('order', { version: 1, input: OrderInput })
  .step('first', { send: Do, with: payload })
  .build();

function sent(story: OrderStory, definition: AnySaga, step: string, direction: Direction = 'do'): Message {
  const instance = story.instance;
  const visit = instance?.visits.find((one) => one.step === step);
  if (!instance || !visit) throw new Error(`'${step}' was not begun`);
  const owed = owedMessage(definition, instance, commandIdOf(instance, visit, direction));
  if (owed === undefined) throw new Error(`'${step}' is not owed`);
  return owed.message;
}

describe('what a command says about time', () => {
  it('says in milliseconds how long one attempt gets, by step, saga and default', () => {
    const story = new OrderStory(Timed).begin();
    expect(sent(story, Timed, 'first').timeout).toBe(1_500);
    expect(sent(story.succeeds('first'), Timed, 'second').timeout).toBe(10_000);
    expect(sent(new OrderStory(Endless).begin(), Endless, 'first').timeout).toBe(30_000);
  });

  it("gives the saga's deadline on the way to the pivot, and only there", () => {
    const story = new OrderStory(Timed).begin();
    expect(sent(story, Timed, 'first').deadline).toBe(new Date(START + 3_600_000).toISOString());
    expect(sent(story.succeeds('first'), Timed, 'second').deadline).toBeUndefined();
    expect(sent(story.succeeds('second'), Timed, 'third').deadline).toBeUndefined();
  });

  it('gives a compensation no deadline, since it must be carried out however late', () => {
    const story = new OrderStory(Timed).begin().succeeds('first').rejects('second');
    const undo = sent(story, Timed, 'first', 'undo');
    expect(undo).toMatchObject({ compensates: expect.stringContaining('/first/do/1'), timeout: 10_000 });
    expect(undo.deadline).toBeUndefined();
  });

  it('gives no deadline in a saga that has none', () => {
    expect(sent(new OrderStory(Endless).begin(), Endless, 'first').deadline).toBeUndefined();
  });

  it.each(['0', '1.5', '-1', 'soon', '', 0, -1, 1.5, true, '9007199254740993'])(
    'a message whose timeout is %j is malformed',
    (timeout) => {
      const message = { ...sent(new OrderStory(Timed).begin(), Timed, 'first'), timeout };
      expect(() => readMessage(message)).toThrow("'timeout' must be a whole number from 1");
    },
  );

  it('reads a timeout that came as text, in binary mode', () => {
    const message = { ...sent(new OrderStory(Timed).begin(), Timed, 'first'), timeout: '250', attempt: '2' };
    expect(readMessage(message)).toMatchObject({ timeout: 250, attempt: 2 });
  });
});
