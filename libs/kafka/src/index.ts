export { COMPRESSIONS, type Compression } from './codecs.js';
export {
  KafkaLoginError,
  KafkaOptionsError,
  KafkaReadError,
  KafkaSendError,
  TransportClosedError,
  UnknownTopicError,
  UnreadableTopicError,
  UnsafeTopicError,
} from './errors.js';
export { KafkaTransport } from './kafka-transport.js';
export type { KafkaRetention, KafkaTransportOptions } from './options.js';
