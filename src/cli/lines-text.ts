import type { Account } from '../index.js';

/** How many lines of JSON Lines were no records. */
export function unreadable(account: Account): number {
  return account.totals(({ type }) => type === 'line').failed;
}

/** The same in words, for one line or more. */
export function linesText(lines: number): string {
  return lines === 1 ? 'one line cannot be read' : `${lines} lines cannot be read`;
}
