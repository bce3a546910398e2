import type { Integer } from '../bytes/integer.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Name and encoding version that a 64-bit module type id stands for (Redis' module.c). */
export function parseModuleId(id: Integer): { name: string; version: number } {
  let rest = BigInt(id);
  const version = Number(rest & 0x3ffn);
  rest >>= 10n;
  let name = '';
  for (let i = 0; i < 9; i++) {
    name = ALPHABET[Number(rest & 0x3fn)] + name;
    rest >>= 6n;
  }
  return { name, version };
}

/** The 64-bit id of a module type: nine characters of the alphabet and a version below 1024. */
export function moduleId(name: string, version: number): bigint {
  let id = 0n;
  for (const char of name) id = (id << 6n) | BigInt(ALPHABET.indexOf(char));
  return (id << 10n) | BigInt(version);
}
