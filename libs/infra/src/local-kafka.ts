import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asProperties, BROKER_SETTINGS } from './broker-settings.js';
import { freePorts, untilPortIsFree } from './free-port.js';
import { InfraError } from './infra-error.js';
import { findJava } from './java.js';
import { kafkaJars } from './kafka-jars.js';
import type { LocalServer, LocalStart } from './local-server.js';
import { type SecuredDoors, securedDoors } from './kafka-security.js';
import type { Program } from './program.js';
import { kafkaFolder } from './package-folder.js';

const READY_TIMEOUT_MS = 60_000;
const ATTEMPTS = 3;

/** Starts Apache Kafka itself, broker and controller in one JVM (KRaft combined mode), on 127.0.0.1 only. */
export async function startLocalKafka(context: LocalStart): Promise<LocalServer> {
  const { programs, runFolder, security } = context;
  const java = await findJava(programs);
  const jars = await kafkaJars(context);
  const common = { command: java, cwd: runFolder };
  const jvm = [
    `-Dlog4j2.configurationFile=${join(kafkaFolder, 'log4j2.properties')}`,
    '-cp',
    join(jars, '*'),
  ];

  for (let attempt = 1; ; attempt++) {
    const [port = 0, controllerPort = 0, loginPort = 0, tlsPort = 0] = await freePorts(4);
    const doors = security && securedDoors(security, loginPort, tlsPort);
    const propertiesFile = join(runFolder, `kafka-${attempt}.properties`);
    await writeFile(
      propertiesFile,
      asProperties({
        ...BROKER_SETTINGS,
        ...doors?.settings,
        listeners: listeners(
          `PLAINTEXT://127.0.0.1:${port}`,
          doors,
          `CONTROLLER://127.0.0.1:${controllerPort}`,
        ),
        'advertised.listeners': listeners(`PLAINTEXT://127.0.0.1:${port}`, doors),
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
        ...(doors?.formatArguments ?? []),
      ],
    });
    const launch = (): Promise<Program> =>
      programs.start(
        {
          ...common,
          name: 'Kafka',
          // A heap of this size needs no collector that works beside the broker.
          args: ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', ...jvm, 'kafka.Kafka', propertiesFile],
        },
        (line) => line.includes('Kafka Server started'),
        READY_TIMEOUT_MS,
      );
    try {
      const program = await launch();
      return {
        address: `127.0.0.1:${port}`,
        ...(doors && { secured: doors.brokers }),
        program,
        restart: () => untilPortIsFree(launch, isPortTaken),
      };
    } catch (error) {
      if (!isPortTaken(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

function listeners(plain: string, doors: SecuredDoors | undefined, ...more: string[]): string {
  return [plain, ...(doors?.listeners ?? []), ...more].join(',');
}

function isPortTaken(error: unknown): boolean {
  return (
    error instanceof InfraError && error.output.some((line) => /BindException|already in use/.test(line))
  );
}
