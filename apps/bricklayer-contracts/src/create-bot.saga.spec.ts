import { describe, it } from '@jest/globals';
import { given } from '@skald/testing';
import { CreateBot, CreateBotSaga, DeleteBot, ForgetJob, ScheduleJob, StoreJob } from './index.js';

const input = {
  ownerId: 'ada',
  botName: 'standup',
  job: { channel: 'town-square', title: 'Stand-up', text: 'Time to meet!', cron: '30 9 * * 1-5' },
};
const botId = '6f1c0a52-3c53-4f5c-9d5e-0f8a3d1f5b11';
const jobId = '0a3fd0b1-95a2-4d8c-8a38-1f3d8a9a7f0e';

describe('creating a bot with its first job', () => {
  it('completes when all three services agree', () => {
    given(CreateBotSaga, input)
      .expectCommand(CreateBot, { ownerId: 'ada', name: 'standup' })
      .reply({ id: botId })
      .expectCommand(StoreJob, { botId, cron: '30 9 * * 1-5' })
      .reply({ jobId })
      .expectCommand(ScheduleJob, { jobId })
      .reply({ firstRunAt: '2026-11-20T09:30:00Z' })
      .expectCompleted({ botId, jobId });
  });

  it('forgets the job and deletes the bot when the storage service never answers', () => {
    given(CreateBotSaga, input)
      .expectCommand(CreateBot, { name: 'standup' })
      .reply({ id: botId })
      .expectCommand(StoreJob)
      .noReply()
      .advance('1m')
      .expectCommand(ForgetJob)
      .reply()
      .expectCommand(DeleteBot)
      .reply()
      .expectCompensated();
  });

  it('is undone when the engine refuses the cron expression', () => {
    given(CreateBotSaga, input)
      .expectCommand(CreateBot)
      .reply({ id: botId })
      .expectCommand(StoreJob)
      .reply({ jobId })
      .expectCommand(ScheduleJob)
      .reject('never_fires')
      .expectCommand(ForgetJob, { botId })
      .reply()
      .expectCommand(DeleteBot)
      .reply()
      .expectCompensated(['store job', 'create bot']);
  });
});
