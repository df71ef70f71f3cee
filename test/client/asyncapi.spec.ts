import { describe, expect, it } from '@jest/globals';
import { Parser } from '@asyncapi/parser';
import { CreateBotSaga } from '@bricklayer/contracts';
import { command, saga } from '@skald/core';
import { asyncApiDocument } from '@skald/orchestrator';
import * as examples from '../../docs/examples/sagas.js';

const sagas = [CreateBotSaga, ...Object.values(examples)];

describe('the AsyncAPI document', () => {
  it("is valid for the AsyncAPI project's own parser", async () => {
    const { document, diagnostics } = await new Parser().parse(
      JSON.stringify(asyncApiDocument('shop', sagas)),
    );
    const errors = diagnostics.filter(({ severity }) => String(severity) === '0');
    expect(errors.map(({ message, path }) => `${path.join('.')}: ${message}`)).toEqual([]);
    expect(document?.channels().all().length).toBeGreaterThan(5);
    expect(document?.messages().all().length).toBeGreaterThan(30);
  });

  const { channels, components } = asyncApiDocument('shop', sagas);

  it('has a channel for every topic', () => {
    expect(Object.keys(channels)).toEqual(
      expect.arrayContaining([
        'shop.constructor.commands',
        'shop.storage.commands',
        'shop.engine.commands',
        'shop.saga.replies',
        'shop.saga.requests',
        'shop.saga.events',
      ]),
    );
  });

  it('has the JSON Schema of every data class, nested ones too', () => {
    expect(components.schemas['CreateBotInput']).toMatchObject({
      type: 'object',
      properties: {
        ownerId: { type: 'string', maxLength: 64 },
        job: { $ref: '#/components/schemas/JobData' },
      },
      required: expect.arrayContaining(['ownerId', 'botName', 'job']),
    });
    expect(components.schemas['JobData']).toMatchObject({
      properties: { cron: { type: 'string', maxLength: 200 } },
    });
  });

  it('says of a compensation that its reply may be nothing, and of no other command', () => {
    class Input {
      item!: string;
    }
    const Do = command('shop.do', { request: Input, reply: Input });
    const Undo = command('shop.undo', { request: Input, reply: Input });
    const undoing = saga('undoing', { version: 1, input: Input })
      .step('a', { send: Do, with: ({ input }) => input, undo: { send: Undo, with: ({ input }) => input } })
      .build();
    const { messages } = asyncApiDocument('shop', [undoing]).components;
    expect(messages['shop-undo-succeeded']).toMatchObject({
      payload: { properties: { data: { anyOf: [{ $ref: expect.any(String) }, { type: 'null' }] } } },
    });
    expect(JSON.stringify(messages['shop-do-succeeded'])).not.toContain('null');
  });

  it('names the codes with which a participant may say no', () => {
    expect(JSON.stringify(components.messages['engine-schedule-job-rejected'])).toContain('never_fires');
  });
});
