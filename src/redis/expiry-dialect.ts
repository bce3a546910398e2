import type { ExpiryDialect } from '../aof/expiry-rewriter.js';
import type { Target } from './probe.js';

/** What a target knows of commands that say when something expires. */
export function expiryDialectOf({
  server,
  version,
  absoluteTtl,
  fieldExpiry,
}: Pick<Target, 'server' | 'version' | 'absoluteTtl' | 'fieldExpiry'>): ExpiryDialect {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  // Of a version that could not be read nothing newer is expected.
  const absoluteSet = server === 'Valkey' || major > 6 || (major === 6 && minor >= 2);
  return { absoluteTtl, absoluteSet, fieldExpiry };
}
