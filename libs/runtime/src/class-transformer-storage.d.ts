/** class-transformer keeps its metadata in a module that it gives no types for under this name. */
declare module 'class-transformer/cjs/storage.js' {
  export { defaultMetadataStorage } from 'class-transformer/types/storage';
}
