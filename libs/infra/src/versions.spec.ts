import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { kafkaFolder, packageFolder } from './package-folder.js';
import { KAFKA_IMAGE, KAFKA_VERSION, POSTGRES_IMAGE } from './versions.js';

describe('the versions of Kafka and PostgreSQL', () => {
  const compose = readFileSync(join(packageFolder, '..', '..', 'docker-compose.yml'), 'utf8');
  const pom = readFileSync(join(kafkaFolder, 'pom.xml'), 'utf8');

  it('are the same in Docker Compose as here', () => {
    const images = [...compose.matchAll(/^\s*image: *(\S+)/gm)].map(([, image]) => image);
    expect(images).toEqual([KAFKA_IMAGE, POSTGRES_IMAGE]);
  });

  it('are the same in the jars that Maven fetches', () => {
    const [, version] = /<artifactId>kafka_2\.13<\/artifactId>\s*<version>([^<]+)/.exec(pom) ?? [];
    expect(version).toBe(KAFKA_VERSION);
  });
});
