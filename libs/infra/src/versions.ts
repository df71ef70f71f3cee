/**
 * The version of Apache Kafka everywhere: the image of docker-compose.yml, the jars of kafka/pom.xml, and here.
 * `versions.spec.ts` holds the three together.
 */
export const KAFKA_VERSION = '4.1.1';

export const KAFKA_IMAGE = `apache/kafka:${KAFKA_VERSION}`;

/** The same as in docker-compose.yml. */
export const POSTGRES_IMAGE = 'postgres:18';

/** The oldest Java that runs a broker of {@link KAFKA_VERSION}. */
export const OLDEST_JAVA = 17;
