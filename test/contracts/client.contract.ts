import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ClientClosedError,
  InvalidInputError,
  NoAnswerError,
  type SagaClient,
  SagaRefusedError,
  SagaTimeoutError,
} from '@skald/client';
import { call, NotJsonError, saga, signal } from '@skald/core';
import { Allow } from 'class-validator';
import { Approved, ChangeAddress } from '../../docs/examples/contracts.js';
import { CallSaga, DeadlineSaga, PivotSaga, StepSaga } from '../../docs/examples/sagas.js';
import { startTestOrchestrator, type TestOrchestrator } from '../setup/orchestrator.js';

const ORDER = { item: 'hat', price: 30 };
const BY = { by: 'ada' };

/** What an older or newer caller takes for the contract: it checks nothing. */
class Anything {
  @Allow()
  item?: string | number;

  @Allow()
  price?: string | number;

  @Allow()
  street?: string | number;

  @Allow()
  by?: string | number;
}
const LaxStepSaga = saga('a-step', { version: 1, input: Anything }).sleep('a while', '1s').build();
const FirstSaga = saga('two-versions', { version: 1, input: Anything })
  .sleep('a moment', '1ms')
  .build(() => ({ ran: 'first' }));
const SecondSaga = saga('two-versions', { version: 2, input: Anything })
  .sleep('a moment', '2ms')
  .build(() => ({ ran: 'second' }));
const ThirdSaga = saga('two-versions', { version: 3, input: Anything }).sleep('a moment', '3ms').build();
const UnknownSaga = saga('dance', { version: 1, input: Anything }).sleep('a while', '1s').build();
const LaxApproved = signal('approved', { data: Anything });
const UnknownSignal = signal('applause', { data: Anything });
const LaxChangeAddress = call('change-address', { request: Anything, reply: Anything });
const UnknownCall = call('sing', { request: Anything, reply: Anything });

/** What every client gives its callers: the same answers and the same errors, in the same places. */
export function describeSagaClient(
  name: string,
  connect: (orchestrator: TestOrchestrator) => Promise<SagaClient>,
): void {
  describe(`a saga client: ${name}`, () => {
    let orchestrator: TestOrchestrator;
    let sagas: SagaClient;
    let count = 0;
    const newId = (): string => {
      count += 1;
      return `saga-${count}`;
    };

    beforeAll(async () => {
      const known = [StepSaga, PivotSaga, CallSaga, DeadlineSaga, FirstSaga, SecondSaga];
      orchestrator = await startTestOrchestrator(known, ['stock', 'payment', 'mail']);
      sagas = await connect(orchestrator);
    });
    afterAll(async () => {
      await sagas?.close();
      await orchestrator?.stop();
    });

    /** One that waits for a signal. */
    async function waiting(id = newId()): Promise<string> {
      await sagas.start(DeadlineSaga, { id, input: ORDER });
      return id;
    }
    async function ended(id = newId()): Promise<string> {
      await (await sagas.start(StepSaga, { id, input: ORDER })).result();
      return id;
    }
    async function errorOf(asked: Promise<unknown>): Promise<unknown> {
      return asked.then(
        () => {
          throw new Error('it was granted');
        },
        (error: unknown) => error,
      );
    }
    async function expectRefused(asked: Promise<unknown>, code: string): Promise<SagaRefusedError> {
      const error = await errorOf(asked);
      expect(error).toBeInstanceOf(SagaRefusedError);
      expect(error).toMatchObject({ code });
      return error as SagaRefusedError;
    }

    describe('start()', () => {
      it('resolves when the saga is stored, and its end is told by result()', async () => {
        const id = newId();
        const handle = await sagas.start(StepSaga, { id, input: ORDER });
        expect(await sagas.get(StepSaga, id)).toBeDefined();
        expect(handle.id).toBe(id);
        expect(await handle.result()).toEqual({ status: 'completed', output: { reservationId: 'r-1' } });
      });

      it('runs the version that it is given, and not the newest', async () => {
        for (const version of [FirstSaga, SecondSaga]) {
          const handle = await sagas.start(version, { id: newId(), input: ORDER });
          const ran = version === FirstSaga ? 'first' : 'second';
          expect(await handle.result()).toEqual({ status: 'completed', output: { ran } });
        }
        const start = sagas.start(ThirdSaga, { id: newId(), input: ORDER });
        const { message } = await expectRefused(start, 'unknown_definition');
        expect(message).toContain('two-versions@3');
      });

      it('gives the same saga for the same id and input, running or ended', async () => {
        const id = await waiting();
        const again = await sagas.start(DeadlineSaga, { id, input: ORDER });
        await sagas.signal(id, Approved, BY);
        expect(await again.result()).toMatchObject({ status: 'completed' });
        const ended = await sagas.start(DeadlineSaga, { id, input: ORDER });
        expect(await ended.result()).toMatchObject({ status: 'completed' });
      });

      it('rejects with saga_exists when the id has other input', async () => {
        const id = await ended();
        const other = { ...ORDER, price: 1 };
        await expectRefused(sagas.start(StepSaga, { id, input: other }), 'saga_exists');
        await expectRefused(sagas.start(PivotSaga, { id, input: ORDER }), 'saga_exists');
      });

      it('rejects input that does not fit its class before anything is sent, naming each problem', async () => {
        const id = newId();
        const error = await errorOf(sagas.start(StepSaga, { id, input: { item: 'hat', price: 1.5 } }));
        expect(error).toBeInstanceOf(InvalidInputError);
        expect(error).toMatchObject({ code: 'invalid_input', problems: ['price must be an integer number'] });
        expect(await sagas.get(StepSaga, id)).toBeUndefined();
      });

      it("rejects with the orchestrator's problems when only that knows the class", async () => {
        const input = { item: 'hat', price: 1.5 };
        const error = await expectRefused(sagas.start(LaxStepSaga, { id: newId(), input }), 'invalid_input');
        expect(error.problems).toEqual(['price must be an integer number']);
      });

      it('rejects with too_large what cannot be sent, and nothing is started', async () => {
        const id = newId();
        const input = { item: 'x'.repeat(2_000_000), price: 1 };
        const error = await expectRefused(sagas.start(StepSaga, { id, input }), 'too_large');
        expect(error.message.length).toBeLessThan(500);
        expect(await sagas.get(StepSaga, id)).toBeUndefined();
      });

      it('rejects with unknown_definition what no orchestrator knows', async () => {
        const error = await expectRefused(
          sagas.start(UnknownSaga, { id: newId(), input: {} }),
          'unknown_definition',
        );
        expect(error.message).toContain("'dance@1'");
      });

      it.each(['', '.', '..', 'a\u0000b', 'a\nb', 'a\u{d800}', 'x'.repeat(201)])(
        'refuses the id %j before anything is sent',
        async (id) => {
          const error = await errorOf(sagas.start(StepSaga, { id, input: ORDER }));
          expect(error).toBeInstanceOf(InvalidInputError);
        },
      );

      it.each(['a/b', 'a b', '%2e%2e', '?x=1#y', 'é ☃ 😀', '...', 'x'.repeat(200)])(
        'takes the id %j',
        async (id) => {
          const handle = await sagas.start(StepSaga, { id, input: ORDER });
          expect(await handle.result()).toMatchObject({ status: 'completed' });
          expect(await sagas.get(StepSaga, id)).toMatchObject({ status: 'completed' });
        },
      );

      it('refuses input that is not JSON before anything is sent', async () => {
        const start = sagas.start(LaxStepSaga, { id: newId(), input: { price: Number.NaN } });
        expect(await errorOf(start)).toBeInstanceOf(NotJsonError);
      });
    });

    describe('follow() and get()', () => {
      it('follow a saga that was started before, running or ended', async () => {
        const id = await waiting();
        const running = await sagas.follow(DeadlineSaga, id);
        await sagas.signal(id, Approved, BY);
        expect(await running.result()).toMatchObject({ status: 'completed' });
        expect(await (await sagas.follow(DeadlineSaga, id)).result()).toMatchObject({ status: 'completed' });
      });

      it('reject with unknown_saga, or resolve with nothing, when there is no such saga', async () => {
        await expectRefused(sagas.follow(StepSaga, 'nobody'), 'unknown_saga');
        expect(await sagas.get(StepSaga, 'nobody')).toBeUndefined();
      });

      it('get how a saga stands', async () => {
        const running = { status: 'running', definition: 'a-deadline', version: 1 };
        expect(await sagas.get(DeadlineSaga, await waiting())).toMatchObject(running);
        expect(await sagas.get(StepSaga, await ended())).toMatchObject({
          status: 'completed',
          output: { reservationId: 'r-1' },
        });
      });

      it('give up waiting for the end after the timeout, and the saga goes on', async () => {
        const id = newId();
        const handle = await sagas.start(DeadlineSaga, { id, input: ORDER });
        const error = await errorOf(handle.result({ timeout: '200ms' }));
        expect(error).toBeInstanceOf(SagaTimeoutError);
        expect(error).toMatchObject({ code: 'saga_timeout', sagaId: id, isSuspended: false });
        await sagas.signal(id, Approved, BY);
        expect(await handle.result()).toMatchObject({ status: 'completed' });
      });
    });

    describe('signal()', () => {
      it('resolves when the saga has it, and a copy counts once', async () => {
        const id = await waiting();
        const messageId = `${id}/m-1`;
        await sagas.signal(id, Approved, BY, { messageId });
        await sagas.signal(id, Approved, BY, { messageId });
        expect(await (await sagas.follow(DeadlineSaga, id)).result()).toMatchObject({ status: 'completed' });
        await sagas.signal(id, Approved, BY, { messageId });
      });

      it('rejects what the saga does not take, saying why', async () => {
        await expectRefused(sagas.signal('nobody', Approved, BY), 'unknown_saga');
        await expectRefused(sagas.signal(await waiting(), UnknownSignal, {}), 'unknown_signal');
        await expectRefused(sagas.signal(await ended(), Approved, BY), 'ended');
        const error = await expectRefused(sagas.signal(await waiting(), LaxApproved, {}), 'invalid_input');
        expect(error.problems).toEqual(['by must be a string']);
      });

      it('rejects with too_large what cannot be sent', async () => {
        const id = await waiting();
        await expectRefused(sagas.signal(id, LaxApproved, { by: 'x'.repeat(2_000_000) }), 'too_large');
      });

      it('rejects data that does not fit its class before anything is sent', async () => {
        const error = await errorOf(sagas.signal('nobody', Approved, { by: 1 } as never));
        expect(error).toBeInstanceOf(InvalidInputError);
      });

      it.each(['', 'a\u0000b', 'x'.repeat(201)])(
        'refuses the message id %j before anything is sent',
        async (messageId) => {
          const error = await errorOf(sagas.signal('nobody', Approved, BY, { messageId }));
          expect(error).toBeInstanceOf(InvalidInputError);
        },
      );
    });

    describe('call()', () => {
      it('resolves with the answer, the same for a copy', async () => {
        const id = newId();
        await sagas.start(CallSaga, { id, input: ORDER });
        const options = { messageId: `${id}/m-1` };
        const accepted = { accepted: true };
        expect(await sagas.call(id, ChangeAddress, { street: 'Main Street' }, options)).toEqual(accepted);
        expect(await sagas.call(id, ChangeAddress, { street: 'Other' }, options)).toEqual(accepted);
      });

      it('rejects with the code with which the saga says no', async () => {
        const id = newId();
        await sagas.start(CallSaga, { id, input: ORDER });
        await expectRefused(sagas.call(id, ChangeAddress, { street: '' }), 'shipped_already');
      });

      it('rejects what the saga does not take, saying why', async () => {
        const id = newId();
        await sagas.start(CallSaga, { id, input: ORDER });
        await expectRefused(sagas.call('nobody', ChangeAddress, { street: 'x' }), 'unknown_saga');
        await expectRefused(sagas.call(id, UnknownCall, {}), 'unknown_call');
        await expectRefused(sagas.call(await ended(), ChangeAddress, { street: 'x' }), 'ended');
        const error = await expectRefused(sagas.call(id, LaxChangeAddress, { street: 1 }), 'invalid_input');
        expect(error.problems).toEqual(['street must be a string']);
      });
    });

    describe('cancel()', () => {
      it('turns a saga back', async () => {
        const id = newId();
        const handle = await sagas.start(CallSaga, { id, input: ORDER });
        await sagas.cancel(id, 'a test');
        expect(await handle.result()).toMatchObject({
          status: 'compensated',
          failure: { code: 'cancelled', message: 'a test' },
        });
      });

      it('is granted again for a copy, though the saga has been turned back since', async () => {
        const id = newId();
        await sagas.start(CallSaga, { id, input: ORDER });
        const messageId = `${id}/m-1`;
        await sagas.cancel(id, 'a test', { messageId });
        await sagas.cancel(id, 'a test', { messageId });
        await expectRefused(sagas.cancel(id, 'a test', { messageId: `${id}/m-2` }), 'ended');
      });

      it('rejects what comes too late, and what is unknown', async () => {
        await expectRefused(sagas.cancel(await ended(), 'too late'), 'ended');
        await expectRefused(sagas.cancel('nobody', 'a test'), 'unknown_saga');
      });

      it.each(['', 'x'.repeat(501), 'a\u0000b'])(
        'refuses the reason %.10j before anything is sent',
        async (reason) => {
          expect(await errorOf(sagas.cancel('nobody', reason))).toBeInstanceOf(InvalidInputError);
        },
      );
    });

    describe('while no orchestrator is there', () => {
      it('every request says after its time that it was not answered, and what to do', async () => {
        const id = await waiting();
        await orchestrator.goAway();
        try {
          const timeout = '500ms';
          const asked: Record<string, Promise<unknown>> = {
            start: sagas.start(StepSaga, { id: newId(), input: ORDER, timeout }),
            follow: sagas.follow(DeadlineSaga, id, { timeout }),
            get: sagas.get(DeadlineSaga, id, { timeout }),
            signal: sagas.signal(id, Approved, BY, { timeout, messageId: 'm-1' }),
            call: sagas.call(id, ChangeAddress, { street: 'x' }, { timeout, messageId: 'm-2' }),
            cancel: sagas.cancel(id, 'a test', { timeout, messageId: 'm-3' }),
          };
          for (const [what, promise] of Object.entries(asked)) {
            const error = await errorOf(promise);
            expect(error).toBeInstanceOf(NoAnswerError);
            expect(error).toMatchObject({ code: 'no_answer' });
            expect(String(error)).toMatch(/was not answered within 500 ms.*again/);
            if (what === 'signal') expect(error).toMatchObject({ sagaId: id, messageId: 'm-1' });
          }
        } finally {
          await orchestrator.comeBack();
        }
      });

      it('waits for its end time out as such, and can be taken up again', async () => {
        const id = newId();
        const handle = await sagas.start(DeadlineSaga, { id, input: ORDER });
        await orchestrator.goAway();
        try {
          expect(await errorOf(handle.result({ timeout: '300ms' }))).toBeInstanceOf(SagaTimeoutError);
        } finally {
          await orchestrator.comeBack();
        }
        await sagas.signal(id, Approved, BY);
        expect(await handle.result()).toMatchObject({ status: 'completed' });
      });

      it('answers that come late, but in time, count: yes and no', async () => {
        const [id, messageId] = [await waiting(), 'approved late'];
        await orchestrator.goAway();
        const asked = Promise.all([
          sagas.start(StepSaga, { id: newId(), input: ORDER }),
          errorOf(sagas.start(StepSaga, { id, input: ORDER })),
          sagas.signal(id, Approved, BY, { messageId }),
        ]);
        await orchestrator.comeBack();
        const [handle, refused] = await asked;
        expect(await handle.result()).toMatchObject({ status: 'completed' });
        expect(refused).toMatchObject({ code: 'saga_exists' });
        expect(await (await sagas.follow(DeadlineSaga, id)).result()).toMatchObject({ status: 'completed' });
      });
    });

    it('rejects what is asked and awaited when it is closed', async () => {
      const other = await connect(orchestrator);
      const handle = await other.start(DeadlineSaga, { id: newId(), input: ORDER });
      const awaited = errorOf(handle.result());
      await other.close();
      expect(await awaited).toBeInstanceOf(ClientClosedError);
      expect(await errorOf(other.get(StepSaga, 'nobody'))).toBeInstanceOf(ClientClosedError);
      await other.close();
    });
  });
}
