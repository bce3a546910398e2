import type { TargetFormat } from '../rdb/compat.js';
import { RespFormat } from './resp.js';

export interface AofOptions {
  /** The server that is to start from it; see `RespOptions`. */
  readonly target?: TargetFormat | undefined;
}

/**
 * An append-only file: the data commands of `RespFormat`. A server starts from it as
 * `appendonly.aof`, which Redis 7.0 and newer turn into a folder with a manifest, or as the base
 * or an increment that a manifest names. Servers do not delete what has expired while they load;
 * they do when they have loaded.
 */
export class AofFormat extends RespFormat {
  override readonly name = 'aof';

  constructor({ target }: AofOptions = {}) {
    super({ target });
  }
}
