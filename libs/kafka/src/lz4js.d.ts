declare module 'lz4js' {
  /** Writes a block; gives its length, or 0 when the source would not become smaller. */
  export function compressBlock(
    source: Uint8Array,
    target: Uint8Array,
    from: number,
    length: number,
    hashTable: Uint32Array,
  ): number;
  export function compressBound(length: number): number;
  /** Unpacks a block behind what is there already; gives where it ends. Believes whatever the block says. */
  export function decompressBlock(
    source: Uint8Array,
    target: Uint8Array,
    from: number,
    length: number,
    targetFrom: number,
  ): number;
}
