import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asProperties, BROKER_SETTINGS } from './broker-settings.js';
import { freePorts, untilPortIsFree } from './free-port.js';
import { InfraError } from './infra-error.js';
import { findJava } from './java.js';
import { kafkaJars } from './kafka-jars.js';
import type { LocalServer, LocalStart } from './local-server.js';
import type { Program } from './program.js';
import { kafkaFolder } from './repository.js';

const READY_TIMEOUT_MS = 60_000;
const ATTEMPTS = 3;

/** Starts Apache Kafka itself, broker and controller in one JVM (KRaft combined mode), on 127.0.0.1 only. */
export async function startLocalKafka(context: LocalStart): Promise<LocalServer> {
  const { programs, runFolder } = context;
  const java = await findJava(programs);
  const jars = await kafkaJars(context);
  const common = { command: java, cwd: runFolder };
  const jvm = [
    `-Dlog4j2.configurationFile=${join(kafkaFolder, 'log4j2.properties')}`,
    '-cp',
    join(jars, '*'),
  ];

  for (let attempt = 1; ; attempt++) {
    const [port, controllerPort] = await freePorts(2);
    const propertiesFile = join(runFolder, `kafka-${attempt}.properties`);
    await writeFile(
      propertiesFile,
      asProperties({
        ...BROKER_SETTINGS,
        listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
        'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
        'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
        'log.dirs': join(runFolder, `kafka-${attempt}`),
        'log.cleaner.dedupe.buffer.size': `${16 * 1024 * 1024}`, // of the heap; the default takes a quarter of it
      }),
    );
    const clusterId = randomBytes(16).toString('base64url');
    await programs.run({
      ...common,
      name: 'Kafka storage format',
      args: [
        '-XX:TieredStopAtLevel=1', // this JVM lives for a moment
        '-XX:+UseSerialGC',
        ...jvm,
        'kafka.tools.StorageTool',
        'format',
        `--cluster-id=${clusterId}`,
        `--config=${propertiesFile}`,
        '--standalone',
      ],
    });
    const launch = (): Promise<Program> =>
      programs.start(
        { ...common, name: 'Kafka', args: ['-Xms256m', '-Xmx512m', ...jvm, 'kafka.Kafka', propertiesFile] },
        (line) => line.includes('Kafka Server started'),
        READY_TIMEOUT_MS,
      );
    try {
      const program = await launch();
      return { address: `127.0.0.1:${port}`, program, restart: () => untilPortIsFree(launch, isPortTaken) };
    } catch (error) {
      if (!isPortTaken(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

function isPortTaken(error: unknown): boolean {
  return (
    error instanceof InfraError && error.output.some((line) => /BindException|already in use/.test(line))
  );
}
