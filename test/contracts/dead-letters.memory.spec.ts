import { describeDeadLetters } from './dead-letters.contract.js';
import { memoryHarness } from './memory-harness.js';

describeDeadLetters('in memory', memoryHarness);
