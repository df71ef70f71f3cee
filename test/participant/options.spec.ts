import { describe, expect, it } from '@jest/globals';
import { command } from '@skald/core';
import { CommandHandler, type ParticipantOptions } from '@skald/participant';
import { Controller } from '@nestjs/common';
import { startTestParticipant } from './participant-harness.js';

class Nothing {
  note?: string;
}
const Call = command('payment.call', { request: Nothing });

@Controller()
class Calls {
  @CommandHandler(Call)
  call(): void {}
}

@Controller()
class Hasty {
  @CommandHandler(Call, { timeLimit: 0 })
  call(): void {}
}

describe('options that would hold up or lose commands are refused at boot, with name and bounds', () => {
  const boot = (options: Partial<ParticipantOptions>): Promise<unknown> =>
    startTestParticipant([Calls], options);

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1_001])(
    'concurrency: %d',
    async (concurrency) => {
      await expect(boot({ concurrency })).rejects.toThrow(/'concurrency'.* whole number from 1 to 1000/);
    },
  );

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 10_001])(
    'maximumBatch: %d',
    async (maximumBatch) => {
      await expect(boot({ maximumBatch })).rejects.toThrow(/'maximumBatch'.* whole number from 1 to 10000/);
    },
  );

  it.each([0, 999, Number.NaN])('maximumMessageBytes: %d', async (maximumMessageBytes) => {
    await expect(boot({ maximumMessageBytes })).rejects.toThrow(
      /'maximumMessageBytes'.* whole number from 10000/,
    );
  });

  it.each([0, -1, Number.NaN, '25h', 'soon' as '1s'] as const)('timeLimit: %p', async (timeLimit) => {
    await expect(boot({ timeLimit })).rejects.toThrow(/'timeLimit'/);
  });

  it('one that there is not, and one that is neither true nor false', async () => {
    const misspelt: object = { concurency: 3 };
    await expect(boot(misspelt)).rejects.toThrow(/'concurency': there is no such option here; there are /);
    const odd: object = { sessionPooler: 'true' };
    await expect(boot(odd)).rejects.toThrow(/'sessionPooler': "true" is not allowed; use true or false/);
  });

  it("a handler's timeLimit", async () => {
    await expect(startTestParticipant([Hasty])).rejects.toThrow(/'payment.call', option 'timeLimit'/);
  });

  it.each([[[]], [['']], [['no topic']], [['.']], [['..']]])('replyTopics: %j', async (replyTopics) => {
    await expect(boot({ replyTopics })).rejects.toThrow(/'replyTopics'/);
  });
});
