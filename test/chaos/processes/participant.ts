import 'reflect-metadata';
import { runService, startParticipant } from '@bricklayer/chassis';
import { PARTICIPANTS } from '../work/contracts.js';
import { ChaosParticipant } from '../work/participants.js';

const participant = PARTICIPANTS.find((name) => name === process.argv[2]);
if (participant === undefined) throw new Error(`name a participant: ${PARTICIPANTS.join(', ')}`);

await runService(`chaos-${participant}`, (surroundings) =>
  startParticipant(ChaosParticipant.forRoot(participant, surroundings)),
);
