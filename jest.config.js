// By their folders, so that a new one needs no entry; as in tsconfig.json.
const alias = {
  '^@skald/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
  '^@bricklayer/([^/]+)$': '<rootDir>/apps/bricklayer-$1/src/index.ts',
};

const shared = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  setupFiles: ['reflect-metadata'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  // What is compiled, and a project of its own, with its own packages.
  modulePathIgnorePatterns: ['<rootDir>/(libs|apps)/[^/]+/dist/', '<rootDir>/bench/peers/'],
  moduleNameMapper: { ...alias, '^(\\.{1,2}/.*)\\.js$': '$1' },
};

export default {
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{apps,libs,docs}/**/*.spec.ts'] },
    {
      ...shared,
      displayName: 'real',
      testMatch: ['<rootDir>/test/**/*.spec.ts'],
      globalSetup: '<rootDir>/dist/test/setup/start-infra.js',
      globalTeardown: '<rootDir>/dist/test/setup/stop-infra.js',
    },
  ],
  reporters: ['default', '<rootDir>/dist/test/setup/real-services-reporter.js'],
  testTimeout: 60_000,
  // Most of the long tests wait for an outage or a consumer group, so two at a time fit on two cores.
  maxWorkers: 2,
};
