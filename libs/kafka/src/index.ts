export {
  KafkaLoginError,
  KafkaOptionsError,
  KafkaReadError,
  KafkaSendError,
  TransportClosedError,
  UnknownTopicError,
  UnsafeTopicError,
} from './errors.js';
export { KafkaTransport } from './kafka-transport.js';
export type { KafkaRetention, KafkaTransportOptions } from './options.js';
