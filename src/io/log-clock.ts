import { type LogState, newLogState } from '../aof/log-state.js';
import { timeText } from '../aof/position.js';

/** Seconds by which the clock of a server may go before ours until its times are future ones. */
const CLOCK_DIFFERENCE = 60;

/** The state of a log at its beginning; one that is followed tells times that come only later. */
export function liveState(): LogState {
  return {
    ...newLogState(),
    get now() {
      return Date.now() / 1000 + CLOCK_DIFFERENCE;
    },
  };
}

/** What a person should know of the times of a log. */
export function clockNotes({ times: { backwards, future, last } }: LogState): string[] {
  return [
    ...(backwards === 0 ? [] : [`the clock of the server went back ${times(backwards)}`]),
    ...(future === 0 ? [] : [`${future} of its times lie in the future, the last is ${timeText(last)}`]),
  ];
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
