import { describeDeadLetters } from './dead-letters.contract.js';
import { kafkaHarness } from './kafka-harness.js';

describeDeadLetters('Kafka', kafkaHarness);
