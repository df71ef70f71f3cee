export {
  KafkaOptionsError,
  KafkaReadError,
  KafkaSendError,
  TransportClosedError,
  UnknownTopicError,
} from './errors.js';
export { KafkaTransport } from './kafka-transport.js';
export type { KafkaTransportOptions } from './options.js';
