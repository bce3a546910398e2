/**
 * Hashes whose fields without an expiry are stored as strings are with their keys: a zero, the
 * name, the value.
 */
export const LOOKS_LIKE_KEYS: ReadonlySet<string> = new Set(['hash-metadata', 'hash-metadata-pre-ga']);
