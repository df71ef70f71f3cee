/** See `imports` in package.json. class-transformer gives the module no types under its own name. */
declare module '#class-transformer-storage' {
  export { defaultMetadataStorage } from 'class-transformer/types/storage.js';
}
