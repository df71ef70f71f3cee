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
  /** How many bytes a frame may become, as its header and its blocks say. */
  export function decompressBound(frame: Uint8Array): number;
  /** Gives how many bytes it became, also where the target is too short. */
  export function decompressFrame(frame: Uint8Array, target: Uint8Array): number;
}
