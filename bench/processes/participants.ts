import 'reflect-metadata';
import { startParticipants } from './bench-participants.js';
import { benchProcess } from './bench-process.js';

await benchProcess('participants', ({ settings, transport }) =>
  startParticipants({ ...settings, transport }),
);
