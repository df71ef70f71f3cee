import { kafkaHarness } from './kafka-harness.js';
import { describeTransport } from './transport.contract.js';

describeTransport('Kafka', kafkaHarness);
