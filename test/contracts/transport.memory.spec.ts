import { memoryHarness } from './memory-harness.js';
import { describeTransport } from './transport.contract.js';

describeTransport('in memory', memoryHarness);
