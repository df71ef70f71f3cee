export * from './constructor.js';
export * from './create-bot.saga.js';
export * from './engine.js';
export * from './storage.js';
